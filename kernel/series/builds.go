// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"context"
	"fmt"
	"path/filepath"

	"mdlife/kernel"
)

// Builds builds every prefix of the series, the first patch alone, the first
// two, and so on, and has boot try each kernel. It stops at the first that does
// not build or boot.
func (s Series) Builds(ctx context.Context, req kernel.Request, boot func(context.Context, kernel.Result) error) ([]Result, error) {
	var results []Result
	for i, patch := range s.Patches {
		req.Variant, req.Upto = kernel.VariantPatched, i+1
		r := Result{Name: fmt.Sprintf("build and boot %d of %d: %s", i+1, len(s.Patches), filepath.Base(patch))}
		built, err := kernel.Build(ctx, req)
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
