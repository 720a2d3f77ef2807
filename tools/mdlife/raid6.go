// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mdlife/benchmarks"
	"mdlife/benchmarks/raid6"
	"mdlife/internal/cachedir"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

func newRAID6() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "raid6",
		Short: "Check or measure the kernel's RAID-6 arithmetic, in user space and in a kernel",
		Example: `  mdlife raid6 check -base mainline
  mdlife raid6 boot -base mainline
  mdlife raid6 bench -quick`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRAID6Bench(), newRAID6Boot(), newRAID6Check())
	return cmd
}

// raid6Part is the part of the series with the RAID-6 arithmetic.
const raid6Part = "raid6"

// raid6Request says where sources and patches are.
func raid6Request(cmd *cobra.Command, t *target) (vmtests.Options, kernel.Request, error) {
	o, err := t.options(cmd)
	if err != nil {
		return o, kernel.Request{}, err
	}
	parts, err := series.Parts(vmtests.PatchDir(o.Root, o.Base), raid6Part)
	if err != nil {
		return o, kernel.Request{}, err
	}
	cache, err := cachedir.Dir()
	return o, kernel.Request{Base: o.Base, CacheDir: cache, Progress: o.Progress, PatchDir: parts[0].Dir}, err
}

func newRAID6Check() *cobra.Command {
	var all, short bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Compare all RAID-6 code with byte-by-byte arithmetic, natively and under qemu-user",
		Long: `Compare all RAID-6 code of a base, patched, with byte-by-byte arithmetic: 4 to 42 disks,
all pairs of lost disks, all first and last disks of xor_syndrome, all products of the
field. A control with one wrong bit in a matrix must fail. The code runs on this machine's
CPU and, for x86, under qemu-user; the code of other architectures runs there if Debian's cross
compiler is installed (make deps-cross). The short form leaves out other CPUs, KUnit, six of seven
numbers of disks, and the pairs of lost disks of all algorithms but the first that runs here.`,
		Example: `  mdlife raid6 check
  mdlife raid6 check -short
  mdlife raid6 check -base 6.12 -all-archs`,
		Args: noArgs,
	}
	t := addBase(cmd)
	cmd.Flags().BoolVar(&all, "all-archs", false, "fail if an architecture's compiler is missing, instead of listing it")
	cmd.Flags().BoolVar(&short, "short", false, "check the code for this machine's CPU only, with fewer numbers of disks")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if short && all {
			return usagef("-short and -all-archs: the short form leaves out other CPUs")
		}
		o, req, err := raid6Request(cmd, t)
		if err != nil {
			return err
		}
		check := raid6.Check
		if short {
			check = raid6.CheckShort
		}
		if err := report.Remove(o.Results()); err != nil { // what an earlier run found
			return err
		}
		started := time.Now()
		checked, err := check(cmd.Context(), req, o.Root)
		if err != nil {
			return err
		}
		out := reportRun(cmd, o, started, 0).Results("RAID-6 arithmetic of "+o.Base.Name, "checks", raid6Results(checked, all))
		out.Conclude()
		return finish(cmd, o.Results(), out)
	}
	return cmd
}

func newRAID6Boot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "boot",
		Short: "Boot a kernel that measures its RAID-6 code at boot and runs KUnit's tests of it",
		Long: `Boot the patched kernel with RAID6_PQ_BENCHMARK, and on mainline with the KUnit tests and
their benchmark, and print the kernel's messages about its RAID-6 code. Exit code 0 only if it has
chosen an algorithm and no test has failed. QEMU's emulation has AVX2, but neither AVX-512 nor GFNI.`,
		Example: `  mdlife raid6 boot -base mainline`,
		Args:    noArgs,
	}
	t := addBase(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		started := time.Now()
		boot, err := o.RAID6Boot(cmd.Context())
		if err != nil {
			return err
		}
		out := reportRun(cmd, o, started, 0).Results("RAID-6 code in a kernel of "+o.Base.Name, "boot", boot.Results())
		out.Notes = boot.Said
		out.Conclude()
		return finish(cmd, o.Results(), out)
	}
	return cmd
}

// raid6Results is a result for each program. One that lacks its compiler or emulator is
// skipped, or fails where all are asked for.
func raid6Results(checked []raid6.CheckResult, all bool) (results []verdict.Result) {
	for _, c := range checked {
		r := verdict.Result{Name: c.Name, OK: c.OK, Detail: c.Summary}
		switch {
		case c.Missing != "":
			r.OK, r.Skipped, r.Detail = !all, !all, c.Missing
		case !c.OK:
			r.Detail += "\n" + c.Output
		}
		results = append(results, r)
	}
	return results
}

func newRAID6Bench() *cobra.Command {
	c := raid6.Config{}
	var runs int
	var quick bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the RAID-6 code of a base, unpatched, patched and others, side by side",
		Long: `Measure the RAID-6 code of a base, unpatched and patched, ISA-L, klauspost/reedsolomon,
xor-only and memcpy in one process, interleaved. Results also go to
out/bench/raid6-<base>.json, .txt (for benchstat) and .html (for people).`,
		Example: `  mdlife raid6 bench                  # three runs of the whole matrix
  mdlife raid6 bench -quick           # one run of what the targets are about
  mdlife raid6 bench -reference avx512x4`,
		Args: noArgs,
	}
	t := addBase(cmd)
	f := cmd.Flags()
	f.IntVar(&runs, "runs", 3, "how often to measure everything")
	f.BoolVar(&quick, "quick", false, "one run of 8+2 and 16+2, 4 KiB")
	f.IntVar(&c.Rounds, "rounds", raid6.MinRounds, "the least number of rounds of each figure")
	f.StringVar(&c.Reference, "reference", "", "stock algorithm to compare with (default: what the stock kernel chooses most often)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkRange("rounds", c.Rounds, raid6.MinRounds, 10*raid6.MaxRounds); err != nil {
			return err
		}
		if err := checkRange("runs", runs, 1, 100); err != nil {
			return err
		}
		if c.Reference != "" && !slices.Contains(raid6.References, c.Reference) {
			return usagef("-reference %s: want one of %s", c.Reference, strings.Join(raid6.References, ", "))
		}
		o, req, err := raid6Request(cmd, t)
		if err != nil {
			return err
		}
		c.Base, c.CacheDir, c.PatchDir, c.Root, c.Progress = o.Base, req.CacheDir, req.PatchDir, o.Root, o.Progress
		c.MaxRounds = max(raid6.MaxRounds, c.Rounds)
		c.Matrix = raid6.Whole
		if quick {
			runs, c.Matrix = 1, raid6.Quick
		}
		return benchRAID6(cmd, c, runs)
	}
	return cmd
}

// benchRAID6 measures in runs and writes the results.
func benchRAID6(cmd *cobra.Command, c raid6.Config, runs int) error {
	reports, err := raid6.Bench(cmd.Context(), c, runs, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	name := "raid6-" + c.Base.Name
	if err := benchmarks.Write(c.Root, name, reports); err != nil {
		return err
	}
	if err := raid6.WriteFiles(filepath.Join(c.Root, "out/bench", name), reports); err != nil {
		return err
	}
	return raid6.CheckQuiet(reports)
}
