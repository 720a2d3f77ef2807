// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"mdlife/internal/cachedir"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

func newCheck() *cobra.Command {
	var each bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a patch series' hygiene: git am, checkpatch, and each prefix builds and boots",
		Example: `  mdlife check
  mdlife check -base 6.1 -each-builds`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	cmd.Flags().Lookup("accel").Hidden = true
	cmd.Flags().Lookup("tree").Hidden = true
	cmd.Flags().BoolVar(&each, "each-builds", false, "build the kernel after each patch, and boot it, too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		return check(cmd, o, each)
	}
	return cmd
}

// check runs all checks of the series and fails if one failed; a series stands alone.
func check(cmd *cobra.Command, o vmtests.Options, each bool) error {
	cache, err := cachedir.Dir()
	if err != nil {
		return err
	}
	out := reportRun(cmd, o, time.Now(), 0).Suites("Patches of " + o.Base.Name)
	for _, dir := range o.Series.PatchDirs(o.Root, o.Base) {
		req := kernel.Request{Base: o.Base, PatchDir: dir, CacheDir: cache, Progress: o.Progress}
		results, err := checkSeries(cmd.Context(), o, req, each)
		out.AddResults(shown(dir), results)
		if err != nil {
			return finishEarly(cmd, out, err)
		}
	}
	out.Conclude()
	return finish(cmd, o.Results(), out)
}

// checkSeries checks one series. With an error it returns the results until then.
func checkSeries(ctx context.Context, o vmtests.Options, req kernel.Request, each bool) (all []verdict.Result, err error) {
	source, err := kernel.SourceTree(ctx, req)
	if err != nil {
		return nil, err
	}
	s, err := series.Open(req.PatchDir, source)
	if err != nil {
		return nil, err
	}
	steps := []func(context.Context) ([]series.Result, error){s.Apply, s.Checkpatch}
	if each {
		image, err := o.BuildImage(ctx, event.Plan{})
		if err != nil {
			return nil, err
		}
		steps = append(steps, func(ctx context.Context) ([]series.Result, error) {
			return kernel.Prefixes(ctx, req, func(ctx context.Context, built kernel.Result) error {
				return o.BootAlone(ctx, built, image)
			})
		})
	}
	for _, step := range steps {
		results, err := step(ctx)
		for _, r := range results {
			all = append(all, verdict.Result{Name: r.Name, OK: r.OK(), Detail: r.Detail})
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}
