// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

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
not complain: each part of the series alone, or on the end of the parts that it needs (its file
needs), and that all chosen parts apply one after the other. The cover letter of a part that needs
others must have their titles, and the commits of Fixes: lines must be in kernel/series/commits.txt,
with their subjects.
With -bots, also do what the robots of the kernel's lists do, and count only what is new with the
patch: gcc and clang with W=1, sparse, a build for 32 bit, modpost of the modules, all of allmodconfig,
kernel-doc, coccinelle and codespell. Of each patch the objects are built that it touches.
With -end-builds or -each-builds, also check that the kernel builds and boots, of each part.
What was built and booted after each patch is recorded with -record in patches/<base>/built, by
content, and is not built again by whoever has that file.
A check that passed is remembered by the content of everything that went into it, so that only
what has changed is checked again.`,
		Example: `  mdlife check
  mdlife check -end-builds
  mdlife check -series raid6    # one part of the series
  mdlife check -base mainline -series data -kernel-doc
  mdlife check -base mainline -series data -bots
  mdlife check -base 6.1 -each-builds`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	cmd.Flags().Lookup("accel").Hidden = true
	cmd.Flags().Lookup("tree").Hidden = true
	cmd.Flags().BoolVar(&b.each, "each-builds", false, "also build the kernel after each patch of a part, and boot it")
	cmd.Flags().BoolVar(&b.end, "end-builds", false, "also build the kernel after each part's last patch, and boot it")
	cmd.Flags().BoolVar(&b.docs, "kernel-doc", false, "also look for warnings of the source's scripts/kernel-doc that a patch brings")
	cmd.Flags().BoolVar(&b.bots, "bots", false, "also look for all that a patch brings of what the lists' robots warn of (make deps-bots installs the tools)")
	cmd.Flags().BoolVar(&b.anew, "anew", false, "repeat the checks that are remembered or recorded to pass")
	cmd.Flags().BoolVar(&b.record, "record", false, "with -each-builds, record in patches/<base>/built what builds and boots")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		if o.Tree != "" {
			return usagef("-tree: the patches of the series are checked, not a tree")
		}
		if b.record && (!b.each || len(o.Series) > 0) {
			return usagef("-record is for all patches: it goes with -each-builds, and without -series")
		}
		return check(cmd, o, b)
	}
	return cmd
}

// builds says what check builds, whether it believes what it remembers, and whether it
// records what it has built for others.
type builds struct{ each, end, anew, record, docs, bots bool }

// check runs all checks of the parts and fails if one failed.
func check(cmd *cobra.Command, o vmtests.Options, b builds) error {
	if err := report.Remove(o.Results()); err != nil { // what an earlier run found
		return err
	}
	cache, err := cachedir.Dir()
	if err != nil {
		return err
	}
	todo, err := toCheck(o, cache)
	if err != nil {
		return err
	}
	out := reportRun(cmd, o, time.Now(), 0).Suites("Patches of " + o.Base.Name)
	all, err := checkAll(cmd.Context(), o, todo, b)
	for i, results := range all {
		if len(results) > 0 {
			out.AddResults(todo[i].name(), verdicts(results))
		}
	}
	if err == nil && b.record {
		err = record(todo[0].req.PatchDir, slices.Concat(all...))
	}
	if err != nil {
		return finishEarly(cmd, o.Results(), out, err)
	}
	out.Conclude()
	return finish(cmd, o.Results(), out)
}

// lanes is how many series are checked at once. Most of a build after a small patch is one
// compiler, and then one linker, so that two builds take little longer than one.
const lanes = 2

// checkAll checks the series, each in a build tree of its own, and returns the results in
// the order of todo. With an error, these are the results until then.
func checkAll(ctx context.Context, o vmtests.Options, todo []checking, b builds) ([][]series.Result, error) {
	all := make([][]series.Result, len(todo))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(lanes)
	for i, c := range todo {
		g.Go(func() (err error) {
			all[i], err = c.do(ctx, o, b)
			return err
		})
	}
	return all, g.Wait()
}

// verdicts are the results of checks in a report.
func verdicts(results []series.Result) []verdict.Result {
	all := make([]verdict.Result, len(results))
	for i, r := range results {
		all[i] = checked(r)
	}
	return all
}

// checked is a check's result in a report.
func checked(r series.Result) verdict.Result {
	if r.Remembered {
		return verdict.Result{Name: r.Name, OK: true, Detail: "remembered"}
	}
	return verdict.Result{Name: r.Name, OK: r.OK(), Detail: r.Detail}
}

// record keeps the keys of the kernels that were built and booted, if all were.
func record(patchDir string, results []series.Result) error {
	var keys []string
	for _, r := range results {
		if !r.OK() {
			return nil
		}
		if r.Key != "" {
			keys = append(keys, r.Key)
		}
	}
	return kernel.WriteRecord(kernel.RecordFile(patchDir), keys)
}

// prefixes says which prefixes of the series to build, and boots them with our image.
func prefixes(ctx context.Context, o vmtests.Options, req kernel.Request, b builds, memory remember.Memory) (kernel.Prefixes, error) {
	p := kernel.Prefixes{Request: req, Memory: memory}
	if b.each {
		p.From = 1
	}
	if !b.anew {
		keys, err := kernel.ReadRecord(kernel.RecordFile(req.PatchDir))
		if err != nil {
			return p, err
		}
		p.Record = keys
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
