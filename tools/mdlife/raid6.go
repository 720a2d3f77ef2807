// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mdlife/benchmarks"
	"mdlife/benchmarks/raid6"
	"mdlife/internal/cachedir"
	"mdlife/kernel"
	"mdlife/vmtests"
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

// raid6Request says where sources and patches are.
func raid6Request(cmd *cobra.Command, t *target) (vmtests.Options, kernel.Request, error) {
	o, err := t.options(cmd)
	if err != nil {
		return o, kernel.Request{}, err
	}
	cache, err := cachedir.Dir()
	req := kernel.Request{Base: o.Base, CacheDir: cache, Progress: o.Progress,
		PatchDir: vmtests.SeriesRAID6.PatchDirs(o.Root, o.Base)[0]}
	return o, req, err
}

func newRAID6Check() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Compare all RAID-6 code with arithmetic of our own, natively and under qemu-user",
		Long: `Compare all RAID-6 code of a base, patched, with byte-by-byte arithmetic: 4 to 42 disks,
all pairs of lost disks, all first and last disks of xor_syndrome, all products of the
field. A control with one wrong bit in a matrix must fail. Beside this machine's own
CPU, the x86 code runs under qemu-user, and other architectures' code where Debian's
cross compiler is installed (make deps-cross).`,
		Example: `  mdlife raid6 check
  mdlife raid6 check -base 6.12 -all-archs`,
		Args: noArgs,
	}
	t := addBase(cmd)
	cmd.Flags().BoolVar(&all, "all-archs", false, "fail if an architecture's compiler is missing, instead of listing it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, req, err := raid6Request(cmd, t)
		if err != nil {
			return err
		}
		started := time.Now()
		checked, err := raid6.Check(cmd.Context(), req, o.Root)
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
		Short: "Boot a kernel that chooses its RAID-6 code by measuring, and runs KUnit's tests of it",
		Long: `Boot the patched kernel with RAID6_PQ_BENCHMARK, and on mainline with the KUnit tests and
their benchmark, and print what it says of its RAID-6 code. Exit code 0 only if it has chosen
an algorithm and no test has failed. QEMU's emulation has AVX2, and neither AVX-512 nor GFNI.`,
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
		Short: "Measure the RAID-6 code of a base side by side with the patched one and others",
		Long: `Measure the RAID-6 code of a base, unpatched and patched, ISA-L, klauspost/reedsolomon,
xor-only and memcpy in one process, interleaved. Results also go to
out/bench/raid6-<base>.{json,txt,html}, the last for people, .txt for benchstat.`,
		Example: `  mdlife raid6 bench                  # three runs of the whole matrix
  mdlife raid6 bench -quick           # one run of what the targets are about
  mdlife raid6 bench -reference avx512x4`,
		Args: noArgs,
	}
	t := addBase(cmd)
	f := cmd.Flags()
	f.IntVar(&runs, "runs", 3, "how often to measure everything")
	f.BoolVar(&quick, "quick", false, "one run of 8+2 and 16+2, 4 KiB")
	f.IntVar(&c.Rounds, "rounds", raid6.MinRounds, "rounds of each cell, at least")
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
		c.Ops, c.Widths, c.Sizes, c.Regimes = raid6.AllOps, raid6.AllWidths, raid6.AllSizes, raid6.AllRegimes
		c.MaxRounds = max(raid6.MaxRounds, c.Rounds)
		if quick {
			runs, c.Widths, c.Sizes, c.Regimes = 1, []int{8, 16}, []int{4096}, []raid6.Regime{raid6.L3, raid6.DRAM, raid6.ColdParity}
		}
		return benchRAID6(cmd, c, runs)
	}
	return cmd
}

// benchRAID6 checks the code first: what is wrong may be as fast as it likes.
func benchRAID6(cmd *cobra.Command, c raid6.Config, runs int) error {
	ctx := cmd.Context()
	req := kernel.Request{Base: c.Base, CacheDir: c.CacheDir, Progress: c.Progress, PatchDir: c.PatchDir}
	checked, err := raid6.CheckNative(ctx, req, c.Root)
	if err != nil {
		return err
	}
	if bad := verdict.Broken(raid6Results(checked, false)); len(bad) > 0 {
		return fmt.Errorf("the code is wrong, so its speed was not measured: %s", bad[0].Reason())
	}
	dir, err := os.MkdirTemp("", "mdlife-raid6-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var reports []*raid6.Report
	for i := range runs {
		c.WorkDir, c.Seed = filepath.Join(dir, fmt.Sprint(i)), uint64(time.Now().UnixNano())
		if err := os.MkdirAll(c.WorkDir, 0o755); err != nil {
			return err
		}
		r, err := raid6.Run(ctx, c)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "\nRun %d of %d\n", i+1, runs)
		r.Print(cmd.OutOrStdout())
		reports = append(reports, r)
	}
	if err := writeRAID6(c, reports); err != nil {
		return err
	}
	return judgeRAID6(reports)
}

// writeRAID6 writes the three files.
func writeRAID6(c raid6.Config, reports []*raid6.Report) error {
	name := "raid6-" + c.Base.Name
	if err := benchmarks.Write(c.Root, name, reports); err != nil {
		return err
	}
	for ext, write := range map[string]func(io.Writer, []*raid6.Report) error{".txt": raid6.WriteGo, ".html": raid6.WriteHTML} {
		f, err := os.Create(filepath.Join(c.Root, "out/bench", name+ext))
		if err != nil {
			return err
		}
		if err := write(f, reports); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// judgeRAID6 fails on a void run. A target that is missed is in the tables: it
// depends on the machine.
func judgeRAID6(reports []*raid6.Report) error {
	void := slices.ContainsFunc(reports, func(r *raid6.Report) bool { return len(r.Void()) > 0 })
	if void {
		var where []string
		for _, r := range reports {
			where = append(where, fmt.Sprint(r.Void()))
		}
		return fmt.Errorf("a run is void: the reference differs from itself in %s; run it again on a quieter machine", strings.Join(where, ", "))
	}
	return nil
}
