// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"fmt"
	"slices"

	"mdlife/internal/remember"
	"mdlife/kernel/series"
)

// Prefixes says which prefixes of a series to build, and how to try them.
type Prefixes struct {
	// Request has the base and the series.
	Request Request
	// From is the first prefix: 1 is the first patch alone, 0 the whole series. Patches that the
	// parts need are in all prefixes, and not counted.
	From int
	// Memory is of what has been built and booted before.
	Memory remember.Memory
	// Record has the keys of kernels that have been built and booted elsewhere. They are
	// neither built nor booted here.
	Record []string
	// Booted is everything besides the kernel on which Boot's outcome depends.
	Booted []string
	// Boot tries a kernel.
	Boot func(context.Context, Result) error
}

// Check builds and boots the prefixes, with one patch more at a time. It stops at
// the first that does not build or boot. A kernel that is remembered or recorded to boot
// is not even built.
func (p Prefixes) Check(ctx context.Context) ([]series.Result, error) {
	names, err := series.Names(p.Request.PatchDir, p.Request.Parts...)
	if err != nil {
		return nil, err
	}
	ground, err := series.Ground(p.Request.PatchDir, p.Request.Parts...)
	if err != nil {
		return nil, err
	}
	names = names[ground:]
	if p.From == 0 {
		p.From = len(names)
	}
	var results []series.Result
	for n := p.From; n <= len(names); n++ {
		r := series.Result{Name: fmt.Sprintf("build and boot %d of %d: %s", n, len(names), names[n-1])}
		r.Remembered, r.Key, err = p.try(ctx, ground+n)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r.Detail = err.Error()
		}
		results = append(results, r)
		if !r.OK() {
			break
		}
	}
	return results, nil
}

// try builds and boots the first n patches, and reports whether that was not needed, and
// the kernel's key.
func (p Prefixes) try(ctx context.Context, n int) (remembered bool, key string, err error) {
	req := p.Request
	req.Variant, req.Upto = VariantPatched, n
	key, err = Key(ctx, req)
	if err != nil || slices.Contains(p.Record, key) {
		return err == nil, key, err
	}
	remembered, err = p.Memory.Once("build and boot", append([]string{key}, p.Booted...), func() error {
		built, err := Build(ctx, req)
		if err != nil {
			return err
		}
		return p.Boot(ctx, built)
	})
	return remembered, key, err
}
