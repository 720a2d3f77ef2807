// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"mdlife/vmtests"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

func newVMTest() *cobra.Command {
	var o vmtests.Options
	cmd := &cobra.Command{
		Use:   "vmtest",
		Short: "Compare the unpatched and the patched kernel: PASS, FAIL or NO POWER",
		Long: `Build the unpatched and the patched kernel, boot both, race opens against stops in
them, run mdadm and udev under a stray reader, check the requirements, force the race windows,
and compare. Exit code 0 only if the verdict is PASS. Results are in out/<base>/: verdict.json,
outcome.json, junit.xml, report.html, verdict.txt and both consoles.`,
		Example: `  mdlife vmtest
  mdlife vmtest -base 6.1 -quick
  mdlife vmtest -tree ~/linux -race 30s
  mdlife vmtest -seed 1733333333 -sequential`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.Quick, "quick", false, "race for "+vmtests.QuickRace.String()+", do fewer mdadm cycles, and leave out the checks of single requirements and the forced windows; fewer opens and stops are required")
	f.DurationVar(&o.Race, "race", 0, "racing time of each kernel, over all phases (default "+vmtests.DefaultRace.String()+")")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of the races (default: a new one, printed)")
	f.BoolVar(&o.Debug, "debug", false, "boot the debug variant as the patched kernel")
	f.BoolVar(&o.Sequential, "sequential", false, "boot one kernel after the other, and not both at once")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("race") {
			if err := checkRace(o.Race); err != nil {
				return err
			}
		}
		opts, err := t.options(cmd)
		if err != nil {
			return err
		}
		opts.Quick, opts.Race, opts.Seed, opts.Debug, opts.Sequential = o.Quick, o.Race, o.Seed, o.Debug, o.Sequential
		return vmtest(cmd, opts)
	}
	return cmd
}

// vmtest runs the comparison and prints it.
func vmtest(cmd *cobra.Command, o vmtests.Options) error {
	started := time.Now()
	rep, err := vmtests.Compare(cmd.Context(), o)
	if err != nil {
		return err
	}
	printTimings(cmd, o.Progress, time.Since(started))
	out := reportRun(cmd, o, started, rep.Seed).Comparison(&rep)
	dir := o.ComparisonResults()
	out.Files = append(out.Files, filepath.Join(dir, report.HTMLFile))
	return finish(cmd, dir, out, func(o verdict.Outcome) error { return report.WriteComparison(dir, &rep, o) })
}
