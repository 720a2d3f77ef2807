// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"strings"

	"mdlife/internal/remember"
	"mdlife/kernel"
	"mdlife/kernel/bots"
	"mdlife/kernel/series"
	"mdlife/vmtests"
)

// checking is one series to check: a part, on the end of what it needs, or several parts one
// after the other.
type checking struct {
	req  kernel.Request
	part *series.Part // nil of several parts
}

// toCheck are the series to check: each part and, if they are several, all of them one after
// the other.
func toCheck(o vmtests.Options, cache string) ([]checking, error) {
	parts, err := o.Parts()
	if err != nil {
		return nil, err
	}
	var todo []checking
	together := kernel.Request{Base: o.Base, PatchDir: vmtests.PatchDir(o.Root, o.Base), CacheDir: cache, Progress: o.Progress}
	for _, p := range parts {
		alone := together
		alone.Parts = p.Names()
		todo = append(todo, checking{alone, &p})
		together.Parts = append(together.Parts, p.Name)
	}
	if len(parts) > 1 {
		todo = append(todo, checking{req: together})
	}
	return todo, nil
}

// name is the heading of the checks.
func (c checking) name() string {
	if c.part == nil {
		return shown(c.req.PatchDir) + ": " + strings.Join(c.req.Parts, ", ")
	}
	name := shown(c.part.Dir)
	for i, needed := range c.part.Needs {
		name += []string{" after ", ", "}[min(i, 1)] + needed.Name
	}
	return name
}

// do checks one series. Of parts one after the other, only that they apply: all else is
// checked of each. With an error it returns the results until then.
func (c checking) do(ctx context.Context, o vmtests.Options, b builds) (all []series.Result, err error) {
	source, err := kernel.SourceTree(ctx, c.req)
	if err != nil {
		return nil, err
	}
	s, err := series.Open(c.req.PatchDir, source, c.req.Parts...)
	if err != nil {
		return nil, err
	}
	if !b.anew {
		s.Memory = remember.Open(c.req.CacheDir)
	}
	steps := []func(context.Context) ([]series.Result, error){s.Apply}
	if c.part != nil {
		steps = append(steps, func(context.Context) ([]series.Result, error) { return c.part.CheckLetter() }, s.Checkpatch, s.Fixes)
	}
	if c.part != nil && (b.docs || b.bots) {
		steps = append(steps, s.KernelDoc)
	}
	if c.part != nil && b.bots {
		steps = append(steps, func(ctx context.Context) ([]series.Result, error) {
			return bots.Check(ctx, s, bots.Options{CacheDir: c.req.CacheDir, Progress: o.Progress})
		})
	}
	if c.part != nil && (b.each || b.end) {
		p, err := prefixes(ctx, o, c.req, b, s.Memory)
		if err != nil {
			return nil, err
		}
		steps = append(steps, p.Check)
	}
	for _, step := range steps {
		results, err := step(ctx)
		all = append(all, results...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}
