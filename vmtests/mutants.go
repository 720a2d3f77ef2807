// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mdlife/initramfs"
	"mdlife/internal/cachedir"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests/event"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

// Limits of a mutant's tests: most mutants are noticed soon or never.
const (
	mutantRace   = 5 * time.Second
	mutantCycles = 12 // of the mdadm loop
	mutantLimit  = 10 // seconds for one check
)

// mutantTests returns these tests with a mutant's limits, for a variant of the kernel.
func mutantTests(names []string, on kernel.Variant) Tests {
	return Tests{Names: names, Race: mutantRace, Cycles: mutantCycles, Limit: mutantLimit * on.Slow()}
}

// Mutants builds each mutant, boots it, runs the tests named for it, and calls
// tried with the result. Before that, the kernel without a mutant must pass the same tests:
// a test that fails on it as well kills nothing. Both kernels have all parts of the series,
// wherever the mutant is from, for that is the kernel that is to be relied on.
func (o Options) Mutants(ctx context.Context, all []series.Mutant, tried func(report.Mutant)) error {
	o.Seed, o.Series = NewSeed(o.Seed), nil
	plan, err := imagePlan(all)
	if err != nil {
		return err
	}
	image, err := o.BuildImage(ctx, plan)
	if err != nil {
		return err
	}
	for _, variant := range kernel.Variants() {
		if err := o.control(ctx, variant, image, all); err != nil {
			return err
		}
	}
	for _, m := range all {
		kill, err := o.try(ctx, m, image)
		if err != nil {
			return err
		}
		tried(kill)
	}
	return nil
}

// imagePlan returns a plan whose image has what the tests of any of these mutants need.
func imagePlan(all []series.Mutant) (plan event.Plan, err error) {
	for _, m := range all {
		its, err := mutantTests(m.Tests, kernel.Variant(m.Variant)).Plan(0)
		if err != nil {
			return plan, fmt.Errorf("%s: %w", m.Path, err)
		}
		plan.Cells = append(plan.Cells, its.Cells...)
		plan.Mdadm = cmp.Or(plan.Mdadm, its.Mdadm)
	}
	return plan, nil
}

// control runs all tests that the mutants of a variant name on that variant.
func (o Options) control(ctx context.Context, variant kernel.Variant, image initramfs.Image, all []series.Mutant) error {
	var tests []string
	for _, m := range all {
		for _, t := range m.Tests {
			if m.Variant == string(variant) && !slices.Contains(tests, t) {
				tests = append(tests, t)
			}
		}
	}
	if len(tests) == 0 {
		return nil
	}
	plan, err := mutantTests(tests, variant).Plan(o.Seed)
	if err != nil {
		return err
	}
	a, err := o.BuildKernel(ctx, variant)
	if err != nil {
		return err
	}
	k, err := o.RunGuest(ctx, a, image, plan)
	if err != nil {
		return err
	}
	if bad := verdict.Broken(verdict.Alone(k)); len(bad) > 0 {
		return fmt.Errorf("the series without a mutant fails %s: %s", bad[0].Name, bad[0].Detail)
	}
	return nil
}

// try builds and boots one mutant.
func (o Options) try(ctx context.Context, m series.Mutant, image initramfs.Image) (report.Mutant, error) {
	kill := report.Mutant{Name: m.Name, Subject: m.Subject, Requirement: m.Requirement, Tests: m.Tests}
	plan, err := mutantTests(m.Tests, kernel.Variant(m.Variant)).Plan(o.Seed)
	if err != nil {
		return kill, fmt.Errorf("%s: %w", m.Path, err)
	}
	start := time.Now()
	a, err := o.buildMutant(ctx, m)
	if err != nil {
		return kill, err
	}
	k, err := o.RunGuest(ctx, a, image, plan)
	if err != nil {
		return kill, err
	}
	kill.Killers = verdict.Broken(verdict.Alone(k))
	kill.Took = time.Since(start)
	return kill, nil
}

// buildMutant builds the series with a mutant on top.
func (o Options) buildMutant(ctx context.Context, m series.Mutant) (Artefact, error) {
	cache, err := cachedir.Dir()
	if err != nil {
		return Artefact{}, err
	}
	variant := kernel.Variant(m.Variant)
	a := Artefact{Label: "mutant " + m.Name, Slow: variant.Slow()}
	a.Result, err = kernel.Build(ctx, kernel.Request{
		Base: o.Base, Variant: variant, PatchDir: PatchDir(o.Root, o.Base), Extra: m.Path,
		CacheDir: cache, Progress: o.Progress,
	})
	return a, err
}
