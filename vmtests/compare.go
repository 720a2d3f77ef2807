// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// Compare carries out the whole comparison. An error means that there is no verdict; a
// verdict other than PASS is not an error.
func Compare(ctx context.Context, o Options) (verdict.Report, error) {
	started := time.Now()
	o.Seed = NewSeed(o.Seed)
	planU, planP := o.plans()
	all, err := o.Build(ctx, planP)
	if err != nil {
		return verdict.Report{}, err
	}
	o.comparing = true
	if err := o.removeResults(); err != nil {
		return verdict.Report{}, err
	}
	in := verdict.Input{Base: o.Base.Name, Seed: o.Seed, Quick: o.Quick, Full: fullMinimum(o.Base), Race: o.race(), Started: started}
	in.Unpatched, in.Patched, err = o.runBoth(ctx, all, planU, planP)
	if err != nil {
		return verdict.Report{}, err
	}
	for _, t := range o.Progress.Summary() {
		in.Timings = append(in.Timings, verdict.Timing{Name: t.Name, Seconds: t.Took.Seconds()})
	}
	return verdict.Judge(in), nil
}

// runBoth boots both guests, at the same time unless the options say otherwise.
func (o Options) runBoth(ctx context.Context, all Artefacts, planU, planP event.Plan) (u, p verdict.Guest, err error) {
	g, ctx := errgroup.WithContext(ctx)
	if o.Sequential {
		g.SetLimit(1)
	}
	g.Go(func() (err error) {
		u, err = o.RunGuest(ctx, all.Unpatched, all.Image, planU)
		return err
	})
	g.Go(func() (err error) {
		p, err = o.RunGuest(ctx, all.Patched, all.Image, planP)
		return err
	})
	return u, p, g.Wait()
}
