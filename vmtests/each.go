// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"mdlife/initramfs"
	"mdlife/kernel"
	"mdlife/vmtests/event"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
	"mdlife/vmtests/vm"
)

// RunEach boots the variants one after the other with the same plan. A guest that dies is
// a result with Died set, not an error.
func RunEach(ctx context.Context, o Options, variants []kernel.Variant, plan event.Plan) ([]verdict.Guest, error) {
	return o.runVariants(ctx, variants, plan, 1, o.RunGuest)
}

// RunCells is RunEach for a plan of arrays' test cases, in which nothing is timed: as many guests
// run at the same time as the machine has CPUs for. With more guests the whole takes longer,
// because a virtual CPU that is not running may hold a lock that another one waits for. Where a guest
// ends early, its kernel gets another one for what is left, and so on, but not more than boots.
func RunCells(ctx context.Context, o Options, variants []kernel.Variant, plan event.Plan, boots int) ([]verdict.Guest, error) {
	run := func(ctx context.Context, a Artefact, image initramfs.Image, plan event.Plan) (verdict.Guest, error) {
		return o.runCells(ctx, a, image, plan, boots)
	}
	return o.runVariants(ctx, variants, plan, max(runtime.GOMAXPROCS(0)/vm.DefaultCPUs, 1), run)
}

// runVariants carries out the plan on each variant.
func (o Options) runVariants(ctx context.Context, variants []kernel.Variant, plan event.Plan, atOnce int,
	run func(context.Context, Artefact, initramfs.Image, event.Plan) (verdict.Guest, error)) ([]verdict.Guest, error) {
	image, err := o.BuildImage(ctx, plan)
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
	if err := o.removeResults(); err != nil {
		return nil, err
	}
	guests := make([]verdict.Guest, len(artefacts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, a := range artefacts {
		g.Go(func() (err error) {
			guests[i], err = run(ctx, a, image, plan)
			return err
		})
	}
	return guests, g.Wait()
}

// removeResults removes the results and consoles of an earlier run of the same command: this
// one need not boot the same kernels.
func (o Options) removeResults() error {
	err := report.Remove(o.Results())
	old, globErr := filepath.Glob(filepath.Join(o.Results(), "console-*.log"))
	err = errors.Join(err, globErr)
	for _, path := range old {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
