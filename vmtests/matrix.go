// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"mdlife/kernel"
	"mdlife/vmtests/verdict"
)

// syncRemoval makes a mainline kernel delete a device in the stop itself.
const syncRemoval = "md_mod.legacy_async_del_gendisk=N"

// MatrixExtra is an optional, slow part of a matrix. Its results go to the patched kernel's
// column.
type MatrixExtra struct {
	Name string
	Run  func(context.Context, Options) ([]verdict.Result, error)
}

// AsModules unloads md under opens and stops (R17).
var AsModules = MatrixExtra{"md as modules", func(ctx context.Context, o Options) ([]verdict.Result, error) {
	k, err := o.RunTests(ctx, kernel.VariantModular, ModuleTests(), o.Seed)
	if err != nil {
		return nil, err
	}
	return verdict.Alone(k), nil
}}

// AddToMatrix runs all parts of a matrix on one base and adds the base's two columns. It
// returns the comparison's report, and leaves it to the caller to write its files.
func (o Options) AddToMatrix(ctx context.Context, m *verdict.Matrix, extras []MatrixExtra) (verdict.Report, error) {
	rep, err := Compare(ctx, o)
	if err != nil {
		return rep, err
	}
	unpatched, patched := rep.UnpatchedAlone(), rep.PatchedAlone()
	more := []wholeRun{{"mdadm-by-number", "R23", NumberTests(), ""}}
	if o.Base.SyncRemoval {
		more = append(more, wholeRun{"sync-removal", "R21", SyncTests(), syncRemoval})
	}
	for _, w := range more {
		u, p, err := w.run(ctx, o)
		if err != nil {
			return rep, err
		}
		unpatched, patched = append(unpatched, u), append(patched, p)
	}
	for _, extra := range extras {
		results, err := extra.Run(ctx, o)
		if err != nil {
			return rep, fmt.Errorf("%s: %w", extra.Name, err)
		}
		patched = append(patched, results...)
	}
	m.Add(o.Base.Name+" unpatched", false, unpatched)
	m.Add(o.Base.Name+" patched", true, patched)
	return rep, nil
}

// wholeRun is a run of tests that is one result of the matrix.
type wholeRun struct {
	name, requirement string
	tests             Tests
	param             string // of the kernel, "" for none
}

// run carries out the tests on both kernels.
func (w wholeRun) run(ctx context.Context, o Options) (u, p verdict.Result, err error) {
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
