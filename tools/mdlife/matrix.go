// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mdlife/benchmarks"
	"mdlife/kernel/source"
	"mdlife/vmtests"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

// extras are what a matrix can have besides; each takes long.
type extras struct{ modular, cost bool }

// What an unraced path may take, patched against unpatched, and how many rounds
// measure it.
const (
	mostCost   = 1 / 0.98
	costRounds = 3
)

func newMatrix() *cobra.Command {
	var bases []string
	var seed uint64
	var more extras
	cmd := &cobra.Command{
		Use:   "matrix",
		Short: "Compare on every base, and print one table of all requirements and windows",
		Long: `On every base, one after the other: make the comparison of "mdlife vmtest", run the mdadm
loop with a stray reader that opens by device number, and on mainline run the tests with the
other way of removal. The table shows the result of every requirement and window on each kernel.
Exit code 0 only if every verdict is PASS and no patched kernel fails anything. Exit code 3 if
only the source of a base that moves could not be fetched; that base is then left out.
Results: out/matrix/, out/matrix.json, and those of every comparison.`,
		Example: `  mdlife matrix
  mdlife matrix -bases 6.1,6.12
  mdlife matrix -modular -cost    # every row`,
		Args: noArgs,
	}
	t := &target{}
	addUserspace(cmd, t)
	f := cmd.Flags()
	f.StringSliceVar(&bases, "bases", baseNames(), "bases to compare on")
	f.Uint64Var(&seed, "seed", 0, "seed of the races (default: a new one, printed)")
	f.BoolVar(&more.cost, "cost", false, "also measure the uncontended paths, like \"mdlife bench -what counted\" (R22; 2 minutes a base)")
	f.BoolVar(&more.modular, "modular", false, "also unload md, built as modules with KASAN (R17; the first build takes 12 minutes a base)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkNames("bases", bases); err != nil {
			return err
		}
		var all []vmtests.Options
		for i, name := range bases {
			if slices.Contains(bases[:i], name) {
				return usagef("-bases: %s is named twice", name)
			}
			if _, err := findBase("bases", name); err != nil {
				return err
			}
			t.base = name
			o, err := t.options(cmd)
			if err != nil {
				return err
			}
			o.Seed = vmtests.NewSeed(seed)
			seed, o.Long = o.Seed, true
			all = append(all, o)
		}
		return matrix(cmd, all, more)
	}
	return cmd
}

// matrix fills the table, base by base, and prints it.
func matrix(cmd *cobra.Command, all []vmtests.Options, more extras) error {
	dir := filepath.Join(all[0].Root, "out", "matrix")
	if err := report.Remove(dir); err != nil { // what an earlier run found
		return err
	}
	started := time.Now()
	m := verdict.NewMatrix(started, all[0].Seed)
	var suites []verdict.Suite
	var left []string
	for _, o := range all {
		s, err := addBaseToMatrix(cmd, m, o, more)
		if errors.Is(err, source.ErrNotFetched) {
			o.Progress.Printf("    note  %s is left out: %v", o.Base.Name, err)
			left = append(left, o.Base.Name)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.Base.Name, err)
		}
		suites = append(suites, s)
	}
	if len(left) == len(all) {
		return leftOut(left)
	}
	out := report.Run{Command: cmd.Name(), Started: started, Seed: m.Seed}.Matrix(m, suites)
	path := filepath.Join(all[0].Root, "out", "matrix.json")
	out.Files = append(out.Files, path, "out/<base>/report.html")
	if len(left) > 0 {
		out.Notes = append(out.Notes, "Left out, because the archive does not have the source: "+strings.Join(left, ", "))
	}
	if err := finish(cmd, dir, out, func(verdict.Outcome) error { return report.WriteMatrix(path, m) }); err != nil {
		return err
	}
	return leftOut(left)
}

// leftOut is the error that ends a matrix without these bases, for exit code 3; nil for none.
func leftOut(bases []string) error {
	if len(bases) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", source.ErrNotFetched, strings.Join(bases, ", "))
}

// addBaseToMatrix runs everything on a base and keeps the comparison as mdlife vmtest does.
// It returns the comparison's results that the matrix does not have.
func addBaseToMatrix(cmd *cobra.Command, m *verdict.Matrix, o vmtests.Options, more extras) (verdict.Suite, error) {
	var wanted []vmtests.MatrixExtra
	if more.modular {
		wanted = append(wanted, vmtests.AsModules)
	}
	if more.cost {
		wanted = append(wanted, vmtests.MatrixExtra{Name: "unraced paths", Run: costs})
	}
	started := time.Now()
	rep, err := o.AddToMatrix(cmd.Context(), m, wanted)
	if err != nil {
		return verdict.Suite{}, err
	}
	out := reportRun(cmd, o, started, rep.Seed).Comparison(&rep)
	out.Again = fmt.Sprintf("mdlife vmtest -base %s -seed %d", o.Base.Name, rep.Seed)
	if o.Userspace != "" {
		out.Again += " -userspace " + o.Userspace
	}
	dir := o.ComparisonResults()
	out.Files = append(out.Files, filepath.Join(dir, report.HTMLFile))
	columns := m.Suites()
	s := out.Suites[0].Without(columns[len(columns)-1]) // the patched kernel, judged alone
	s.Name = o.Base.Name + " comparison"
	return s, keep(dir, &out, func(o verdict.Outcome) error { return report.WriteComparison(dir, &rep, o) })
}

// costs measures the unraced paths (R22).
func costs(ctx context.Context, o vmtests.Options) ([]verdict.Result, error) {
	measured, err := benchmarks.Counted(ctx, o, costRounds)
	if err != nil {
		return nil, err
	}
	var rs []verdict.Result
	for _, name := range slices.Sorted(maps.Keys(measured)) {
		if isPart(name) {
			continue
		}
		r := measured[name]
		rs = append(rs, verdict.Result{Name: "cost-" + name, Requirement: "R22", OK: !r.Void && r.Ratio.Median <= mostCost,
			Detail: fmt.Sprintf("takes %v of the unpatched kernel's time, A/A control %v", r.Ratio, r.Control)})
	}
	return rs, nil
}
