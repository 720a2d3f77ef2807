// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"io"

	"mdlife/vmtests/verdict"
)

// printRaces prints the guests' races side by side. It fails where a kernel
// other than the unpatched one broke a promise, or where a guest died.
func printRaces(w io.Writer, guests []verdict.Kernel) error {
	problems, err := verdict.WriteRaces(w, guests)
	if err != nil {
		return err
	}
	failed := false
	for i, g := range guests {
		for _, p := range problems[i] {
			fmt.Fprintf(w, "%s: %s\n", g.Label, p)
		}
		failed = failed || len(problems[i]) > 0 && (g.Label != "unpatched" || g.Died != "")
	}
	fmt.Fprintf(w, "seed %d\n", guests[0].Plan.Seed)
	if failed {
		return errVerdict
	}
	return nil
}
