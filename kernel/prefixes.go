// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"fmt"

	"mdlife/kernel/series"
)

// Prefixes builds every prefix of the request's series, the first patch alone, the
// first two, and so on, and has boot try each kernel. It stops at the first that
// does not build or boot.
func Prefixes(ctx context.Context, req Request, boot func(context.Context, Result) error) ([]series.Result, error) {
	names, err := series.Names(req.PatchDir)
	if err != nil {
		return nil, err
	}
	var results []series.Result
	for i, name := range names {
		req.Variant, req.Upto = VariantPatched, i+1
		r := series.Result{Name: fmt.Sprintf("build and boot %d of %d: %s", i+1, len(names), name)}
		built, err := Build(ctx, req)
		if err == nil {
			err = boot(ctx, built)
		}
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
