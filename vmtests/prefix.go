// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mdlife/internal/cachedir"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests/verdict"
)

// prefixLimit is how many seconds a check of a prefix may take: R15-no-memory takes 9 s on
// the newest kernel.
const prefixLimit = 40

// Prefix builds a kernel with the first n patches of a part of the series, on the end of the
// parts that it needs, and none of the others', boots it and runs tests by name. It returns
// the rules that were not kept. A part that claims no race leaves the bugs of the unpatched
// kernel that others mend: opens that fail beside test cases, and warnings that are known.
func (o Options) Prefix(ctx context.Context, part series.Part, n int, names []string) ([]verdict.Result, error) {
	opens, err := claimsOpens(part)
	if err != nil {
		return nil, err
	}
	k, err := o.bootPrefix(ctx, part, n, names, opens)
	if err != nil {
		return nil, err
	}
	if !opens {
		return verdict.Broken(verdict.AloneButOpens(k)), nil
	}
	return verdict.Broken(verdict.Alone(k)), nil
}

// claimsOpens reports whether opens do not fail on the kernel with all of the part: its claims,
// or those of a part that it needs, name a race of opens against stops.
func claimsOpens(part series.Part) (bool, error) {
	tests, err := part.GroundTests()
	if err != nil {
		return false, err
	}
	claims, err := series.LoadClaims(part.Dir)
	for test := range claims {
		tests = append(tests, test)
	}
	return slices.ContainsFunc(tests, func(test string) bool { return strings.HasPrefix(test, racePrefix) }), err
}

// bootPrefix runs tests on the kernel with the first n patches of a part.
func (o Options) bootPrefix(ctx context.Context, part series.Part, n int, names []string, opens bool) (verdict.Guest, error) {
	tests := mutantTests(names, kernel.VariantPatched)
	tests.Limit = prefixLimit
	plan, err := tests.Plan(uint64(n))
	if err != nil {
		return verdict.Guest{}, err
	}
	image, err := o.BuildImage(ctx, plan)
	if err != nil {
		return verdict.Guest{}, err
	}
	cache, err := cachedir.Dir()
	if err != nil {
		return verdict.Guest{}, err
	}
	ground, err := series.Ground(PatchDir(o.Root, o.Base), part.Names()...)
	if err != nil {
		return verdict.Guest{}, err
	}
	a := Artefact{Label: fmt.Sprintf("%d patches", n), Unpatched: !opens, Slow: 1}
	a.Result, err = kernel.Build(ctx, kernel.Request{
		Base: o.Base, Variant: kernel.VariantPatched, PatchDir: PatchDir(o.Root, o.Base), Parts: part.Names(), Upto: ground + n,
		CacheDir: cache, Progress: o.Progress,
	})
	if err != nil {
		return verdict.Guest{}, err
	}
	return o.RunGuest(ctx, a, image, plan)
}
