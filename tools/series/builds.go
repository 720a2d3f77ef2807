// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"context"
	"fmt"
	"path/filepath"

	"mdlife/kernel"
)

// Builds builds every prefix of the series: the first patch alone, the first
// two, and so on. It stops at the first that does not build.
func (s Series) Builds(ctx context.Context, req kernel.Request) ([]Result, error) {
	var results []Result
	for i, patch := range s.Patches {
		req.Variant, req.Upto = kernel.VariantPatched, i+1
		r := Result{Name: fmt.Sprintf("build %d of %d: %s", i+1, len(s.Patches), filepath.Base(patch))}
		_, err := kernel.Build(ctx, req)
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
