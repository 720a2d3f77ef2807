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
	"mdlife/kernel"
	"mdlife/vmtests"
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

// syncRemoval makes a mainline kernel delete a device in the stop itself.
const syncRemoval = "md_mod.legacy_async_del_gendisk=N"

func newMatrix() *cobra.Command {
	var bases []string
	var seed uint64
	var more extras
	cmd := &cobra.Command{
		Use:   "matrix",
		Short: "Compare on every base, and print one table of all requirements and windows",
		Long: `Make the comparison of "mdlife vmtest" on every base, one after the other, then the mdadm
loop with a stray reader that opens by number, and on mainline the tests with the other way of
removal; then say for every requirement and window what each kernel made of it. Exit code 0
only if every verdict is PASS and no patched kernel fails anything; 3 if all is well but the
archive does not give the source of a base that moves, which is then left out. Results:
out/matrix.json and those of every comparison.`,
		Example: `  mdlife matrix
  mdlife matrix -bases 6.1,6.12
  mdlife matrix -modular -cost    # every row`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringSliceVar(&bases, "bases", baseNames(), "bases to compare on")
	f.Uint64Var(&seed, "seed", 0, "seed of the races (default: a new one, printed)")
	f.BoolVar(&more.cost, "cost", false, "also measure what unraced paths cost, as \"mdlife bench -what counted\" does (R22; 2 minutes a base)")
	f.BoolVar(&more.modular, "modular", false, "also unload md, built as modules with KASAN (R17; the first build takes 12 minutes a base)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkNames("bases", bases); err != nil {
			return err
		}
		var all []vmtests.Options
		for i, name := range bases {
			if slices.Contains(bases[:i], name) {
				return usagef("-bases: %s is there twice", name)
			}
			if _, err := findBase("bases", name); err != nil {
				return err
			}
			o, err := (&target{base: name}).options(cmd)
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
	started := time.Now()
	m := verdict.NewMatrix(started, all[0].Seed)
	var bad, left []string
	for _, o := range all {
		failed, err := compareBase(cmd.Context(), m, o, more)
		if errors.Is(err, kernel.ErrNotFetched) {
			o.Progress.Printf("    note  %s is left out: %v", o.Base.Name, err)
			left = append(left, o.Base.Name)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.Base.Name, err)
		}
		bad = append(bad, failed...)
	}
	w := cmd.OutOrStdout()
	if err := m.WriteText(w); err != nil {
		return err
	}
	path := filepath.Join(all[0].Root, "out", "matrix.json")
	if err := m.WriteFile(path); err != nil {
		return err
	}
	fmt.Fprintf(w, "Seed %d; %s in all; more: out/matrix.json, out/<base>/report.html\n", m.Seed, time.Since(started).Round(time.Second))
	if len(bad) > 0 {
		fmt.Fprintf(w, "%s\n  - %s\n", verdict.Fail, strings.Join(bad, "\n  - "))
		return errVerdict
	}
	if len(left) > 0 {
		fmt.Fprintf(w, "%s, without %s\n", verdict.Pass, strings.Join(left, ", "))
		return fmt.Errorf("%w: %s", kernel.ErrNotFetched, strings.Join(left, ", "))
	}
	fmt.Fprintln(w, verdict.Pass)
	return nil
}

// compareBase runs what there is to run on a base. It returns what failed.
func compareBase(ctx context.Context, m *verdict.Matrix, o vmtests.Options, x extras) (bad []string, err error) {
	rep, err := vmtests.Compare(ctx, o)
	if err != nil {
		return nil, err
	}
	if rep.Verdict != verdict.Pass {
		for _, reason := range rep.Reasons {
			bad = append(bad, o.Base.Name+": "+reason)
		}
	}
	unpatched, patched := rep.UnpatchedAlone(), rep.PatchedAlone()
	more := []whole{{"mdadm-by-number", "R23", vmtests.NumberTests(), ""}}
	if o.Base.SyncRemoval {
		more = append(more, whole{"sync-removal", "R21", vmtests.SyncTests(), syncRemoval})
	}
	for _, w := range more {
		u, p, err := w.run(ctx, o)
		if err != nil {
			return nil, err
		}
		unpatched, patched = append(unpatched, u), append(patched, p)
		if !p.OK {
			bad = append(bad, o.Base.Name+": "+p.Reason())
		}
	}
	for _, extra := range []struct {
		wanted bool
		name   string
		run    func(context.Context, vmtests.Options) ([]verdict.Result, error)
	}{{x.modular, "md as modules", asModules}, {x.cost, "unraced paths", costs}} {
		if !extra.wanted {
			continue
		}
		rs, err := extra.run(ctx, o)
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			patched = append(patched, r)
			if !r.OK {
				bad = append(bad, o.Base.Name+", "+extra.name+": "+r.Reason())
			}
		}
	}
	m.Add(o.Base.Name+" unpatched", unpatched)
	for _, name := range m.Add(o.Base.Name+" patched", patched) {
		bad = append(bad, o.Base.Name+": "+name+" fails on the patched kernel")
	}
	return bad, nil
}

// whole is a run of tests that is one result of the matrix.
type whole struct {
	name, requirement string
	tests             vmtests.Tests
	param             string // of the kernel, "" for none
}

// run carries out the tests on both kernels.
func (w whole) run(ctx context.Context, o vmtests.Options) (u, p verdict.Result, err error) {
	if w.param != "" {
		o.Append = append(slices.Clone(o.Append), w.param)
	}
	o.Out = filepath.Join(o.Root, "out", o.Base.Name, w.name) // not to lose the consoles of another run
	for _, side := range []struct {
		variant kernel.Variant
		result  *verdict.Result
	}{{kernel.VariantBase, &u}, {kernel.VariantPatched, &p}} {
		k, err := o.RunTests(ctx, side.variant, w.tests, o.Seed)
		if err != nil {
			return u, p, err
		}
		*side.result = verdict.Together(w.name, w.requirement, verdict.Alone(k))
	}
	return u, p, nil
}

// asModules unloads md under opens and stops (R17).
func asModules(ctx context.Context, o vmtests.Options) ([]verdict.Result, error) {
	k, err := o.RunTests(ctx, kernel.VariantModular, vmtests.ModuleTests(), o.Seed)
	if err != nil {
		return nil, err
	}
	return verdict.Alone(k), nil
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
