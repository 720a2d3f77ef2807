// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"mdlife/internal/cachedir"
	"mdlife/internal/remember"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

func newCheck() *cobra.Command {
	var b builds
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the patches: git am, checkpatch, and whether each builds and boots",
		Long: `Check that each patch applies with git am, without fuzz, and that checkpatch.pl --strict does
not complain. With -end-builds or -each-builds, also check that the kernel builds and boots.
A check that passed is remembered by the content of everything that went into it, so that only
what has changed is checked again.`,
		Example: `  mdlife check
  mdlife check -end-builds
  mdlife check -base 6.1 -each-builds`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	cmd.Flags().Lookup("accel").Hidden = true
	cmd.Flags().Lookup("tree").Hidden = true
	cmd.Flags().BoolVar(&b.each, "each-builds", false, "also build the kernel after each patch, and boot it")
	cmd.Flags().BoolVar(&b.end, "end-builds", false, "also build the kernel after the last patch, and boot it")
	cmd.Flags().BoolVar(&b.anew, "anew", false, "repeat the checks that are remembered to pass")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		if o.Tree != "" {
			return usagef("-tree: the patches of the series are checked, not a tree")
		}
		return check(cmd, o, b)
	}
	return cmd
}

// builds says what check builds, and whether it believes what it remembers.
type builds struct{ each, end, anew bool }

// check runs all checks of the series and fails if one failed; a series stands alone.
func check(cmd *cobra.Command, o vmtests.Options, b builds) error {
	if err := report.Remove(o.Results()); err != nil { // what an earlier run found
		return err
	}
	cache, err := cachedir.Dir()
	if err != nil {
		return err
	}
	out := reportRun(cmd, o, time.Now(), 0).Suites("Patches of " + o.Base.Name)
	for _, dir := range o.Series.PatchDirs(o.Root, o.Base) {
		req := kernel.Request{Base: o.Base, PatchDir: dir, CacheDir: cache, Progress: o.Progress}
		results, err := checkSeries(cmd.Context(), o, req, b)
		out.AddResults(shown(dir), results)
		if err != nil {
			return finishEarly(cmd, o.Results(), out, err)
		}
	}
	out.Conclude()
	return finish(cmd, o.Results(), out)
}

// checkSeries checks one series. With an error it returns the results until then.
func checkSeries(ctx context.Context, o vmtests.Options, req kernel.Request, b builds) (all []verdict.Result, err error) {
	source, err := kernel.SourceTree(ctx, req)
	if err != nil {
		return nil, err
	}
	s, err := series.Open(req.PatchDir, source)
	if err != nil {
		return nil, err
	}
	if !b.anew {
		s.Memory = remember.Open(req.CacheDir)
	}
	steps := []func(context.Context) ([]series.Result, error){s.Apply, s.Checkpatch}
	if b.each || b.end {
		p, err := prefixes(ctx, o, req, b, s.Memory)
		if err != nil {
			return nil, err
		}
		steps = append(steps, p.Check)
	}
	for _, step := range steps {
		results, err := step(ctx)
		for _, r := range results {
			all = append(all, checked(r))
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// checked is a check's result in a report.
func checked(r series.Result) verdict.Result {
	if r.Remembered {
		return verdict.Result{Name: r.Name, OK: true, Detail: "remembered"}
	}
	return verdict.Result{Name: r.Name, OK: r.OK(), Detail: r.Detail}
}

// prefixes says which prefixes of the series to build, and boots them with our image.
func prefixes(ctx context.Context, o vmtests.Options, req kernel.Request, b builds, memory remember.Memory) (kernel.Prefixes, error) {
	p := kernel.Prefixes{Request: req, Memory: memory}
	if b.each {
		p.From = 1
	}
	image, err := o.BuildImage(ctx, event.Plan{})
	if err != nil {
		return p, err
	}
	if p.Booted, err = o.BootKey(image); err != nil {
		return p, err
	}
	p.Boot = func(ctx context.Context, built kernel.Result) error { return o.BootAlone(ctx, built, image) }
	return p, nil
}
