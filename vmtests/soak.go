// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"

	"mdlife/kernel"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// Soak boots one variant and soaks it. Seed 0 stands for a new one.
func (o Options) Soak(ctx context.Context, variant kernel.Variant, seed uint64, spec event.SoakSpec) (verdict.Guest, error) {
	guests, err := RunEach(ctx, o, []kernel.Variant{variant}, event.Plan{Seed: NewSeed(seed), Soak: &spec})
	if err != nil {
		return verdict.Guest{}, err
	}
	return guests[0], nil
}
