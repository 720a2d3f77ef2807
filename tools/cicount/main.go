// SPDX-License-Identifier: BSD-3-Clause

// Cicount prints what a run of .ci/run comes to, and exits with 1 where it does not pass.
//
//	cicount DIR SKIPS
//
// DIR holds what the steps left (see package ci), SKIPS lists what may be skipped.
package main

import (
	"fmt"
	"os"

	"mdlife/internal/ci"
)

func main() {
	ok, err := count(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "cicount:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func count(args []string) (bool, error) {
	if len(args) != 2 {
		return false, fmt.Errorf("want two arguments: the folder of the steps, and the list of skips")
	}
	skips, err := ci.ReadSkips(args[1])
	if err != nil {
		return false, err
	}
	steps, err := ci.Read(args[0])
	if err != nil {
		return false, err
	}
	c := ci.CountAll(steps, skips)
	c.Print(os.Stdout, steps)
	return c.OK(), nil
}
