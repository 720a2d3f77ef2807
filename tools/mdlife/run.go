// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"time"

	"github.com/spf13/cobra"

	"mdlife/vmtests"
)

func newRun() *cobra.Command {
	all := vmtests.AllTests()
	var seed uint64
	var variant string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run all tests of a comparison, or some by name, on one kernel, and judge it by itself",
		Long: `Boot one kernel and run tests in it. Exit code 0 only if the kernel keeps every rule; the
unpatched kernel does not. Tests are:

- checks, by name or the beginning of it: R8 is all of that requirement (R17 needs -variant modular);
- races: race-ioctl, race-sysfs-raid1, …
- forced windows: window-W1, …, or window-all;
- test cases of mdlife arrays: array-raid5, or array-raid5/life-1.2;
- mdadm, and mdadm-by-number, whose reader opens by device number.`,
		Example: `  mdlife run -variant debug
  mdlife run -tests R8,R23
  mdlife run -tests race-ioctl,race-sysfs-raid1 -race 30s -tree ~/linux
  mdlife run -variant base -tests R12`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.StringVar(&variant, "variant", "patched", variantHelp)
	f.StringSliceVar(&all.Names, "tests", all.Names, "tests to run; R is all checks")
	f.DurationVar(&all.Race, "race", all.Race, "duration of each race")
	f.IntVar(&all.Cycles, "cycles", all.Cycles, "number of cycles of the mdadm loop")
	f.Uint64Var(&seed, "seed", 0, "seed of the races (default: a new one, printed)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		v, err := t.variant(variant)
		if err != nil {
			return err
		}
		if err := checkNames("tests", all.Names); err != nil {
			return err
		}
		if err := all.Check(v); err != nil {
			return testsError("tests", "variant", err)
		}
		if err := checkRace(all.Race); err != nil {
			return err
		}
		if err := checkRange("cycles", all.Cycles, 1, 100_000); err != nil {
			return err
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		started := time.Now()
		k, err := o.RunTests(cmd.Context(), v, all, seed)
		if err != nil {
			return err
		}
		printTimings(cmd, o.Progress, time.Since(started))
		return finish(cmd, o.Results(), reportRun(cmd, o, started, k.Plan.Seed).Tests(k))
	}
	return cmd
}
