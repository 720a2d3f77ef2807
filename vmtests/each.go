// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"

	"mdlife/kernel"
	"mdlife/tools/event"
	"mdlife/vmtests/verdict"
)

// RunEach boots the variants one after the other with the same plan. A guest
// that dies is a result that says so, not an error.
func RunEach(ctx context.Context, o Options, variants []kernel.Variant, plan event.Plan) ([]verdict.Kernel, error) {
	image, err := o.BuildImageFor(ctx, plan)
	if err != nil {
		return nil, err
	}
	var artefacts []Artefact
	for _, v := range variants {
		a, err := o.BuildKernel(ctx, v)
		if err != nil {
			return nil, err
		}
		artefacts = append(artefacts, a)
	}
	var guests []verdict.Kernel
	for _, a := range artefacts {
		k, err := o.RunGuest(ctx, a, image, plan)
		if err != nil {
			return nil, err
		}
		guests = append(guests, k)
	}
	return guests, nil
}
