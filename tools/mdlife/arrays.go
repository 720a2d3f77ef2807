// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/arrays"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

func newArrays() *cobra.Command {
	var names, kernels []string
	var seed uint64
	var repeat, boots int
	cmd := &cobra.Command{
		Use:   "arrays",
		Short: "Take arrays of every personality through everything that can happen to one, with mdadm",
		Long: `Boot the kernels, in parallel if there are enough CPUs. In each, Debian's mdadm creates,
degrades, rebuilds, checks, grows, stops and assembles arrays of every personality and kind of
metadata, and stops them at awkward moments. All data are verified after every step, and an
opener opens the array's number all the time. Exit code 0 only if every test case passes on all
kernels but the unpatched one, and no open fails on them. A test case that a patch is claimed to
be what it takes, and that the unpatched kernel passes, has "no power", and does not count as a pass.

Where a guest ends early, for example by a BUG, the kernel is booted again for the test cases that
are left. Those that ran then are run one at a time: the one that ends its guest has failed. That a
guest has ended early is a failure in any case.

A test case is a personality and a scenario, for example raid5/life-1.2. Not every personality
has every scenario.

` + testCaseNames(),
		Example: `  mdlife arrays
  mdlife arrays -base 6.12 -only raid5,raid6
  mdlife arrays -only raid5/stop-reshape -kernels patched,debug
  mdlife arrays -only raid5/load-storm,raid6/load-storm -repeat 100`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&names, "only", []string{event.AllCells}, "personalities (raid5,raid10) or test cases (raid5/life-1.2)")
	f.StringSliceVar(&kernels, "kernels", []string{"unpatched", "patched"}, kernelsHelp)
	f.Uint64Var(&seed, "seed", 0, "seed of all choices (default: a new one, printed)")
	f.IntVar(&repeat, "repeat", 1, "how often to run each test case: it passes if it does each time")
	f.IntVar(&boots, "boots", vmtests.DefaultBoots, "how many guests each kernel gets at most, one after the other, where they end early")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(checkRange("repeat", repeat, 1, 100000), checkRange("boots", boots, 1, 1000)); err != nil {
			return err
		}
		o, variants, err := t.chosen(cmd, names, kernels, vmtests.ArrayTests)
		if err != nil {
			return err
		}
		started := time.Now()
		seed = vmtests.NewSeed(seed)
		plan, err := vmtests.ArrayTests(names).Plan(seed)
		if err != nil {
			return err
		}
		plan.Repeat = repeat
		guests, err := vmtests.RunCells(cmd.Context(), o, variants, plan, boots)
		if err != nil {
			return err
		}
		claimed, err := o.ClaimedCases()
		if err != nil {
			return err
		}
		out := reportRun(cmd, o, started, seed).Arrays(guests, claimed)
		out.Files = append(out.Files, filepath.Join(o.Results(), report.CellsFile))
		return finish(cmd, o.Results(), out, func(verdict.Outcome) error { return report.WriteCells(o.Results(), guests) })
	}
	return cmd
}

// testCaseNames lists the names that -only takes.
func testCaseNames() string {
	personalities, scenarios := arrays.Names()
	out := ""
	for _, list := range []string{"Personalities: " + strings.Join(personalities, ", "), "Scenarios: " + strings.Join(scenarios, ", ")} {
		for line := range strings.Lines(text.WrapSoft(list, 95)) {
			out += strings.TrimSpace(line) + "\n"
		}
		out += "\n"
	}
	return strings.TrimSpace(out)
}
