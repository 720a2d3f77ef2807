// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mdlife/kernel/series"
	"mdlife/vmtests"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

func newBisectable() *cobra.Command {
	var all bool
	var from int
	cmd := &cobra.Command{
		Use:   "bisectable",
		Short: "Build and boot the kernel after each patch, and run the tests that are claimed so far",
		Long: `Build the kernel after each patch of each part of the series that has a file claims
(patches/<base>/<part>/claims), boot it, and run the tests that pass from this patch or an earlier
one on, according to that file, and those that the parts claim which it needs. A bisection that looks for something else must not stumble over a
patch of ours. Exit code 0 only if all of them pass.`,
		Example: `  mdlife bisectable
  mdlife bisectable -base 6.12 -series lifetime -from 15
  mdlife bisectable -base 6.1 -all    # run all claimed tests on every prefix, and only show what fails`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	cmd.Flags().Lookup("tree").Hidden = true
	cmd.Flags().IntVar(&from, "from", 1, "the first patch of the part after which to build")
	cmd.Flags().BoolVar(&all, "all", false, "run all claimed tests on every prefix, to see from which patch on they pass")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		if o.Tree != "" {
			return usagef("-tree: bisectable tries the patches of the series one by one, and takes no tree")
		}
		return bisectable(cmd, o, from, all)
	}
	return cmd
}

// bisectable prints a line for each prefix and fails if one does not keep what
// it claims.
func bisectable(cmd *cobra.Command, o vmtests.Options, from int, all bool) error {
	parts, err := o.Parts()
	if err != nil {
		return err
	}
	walks, err := walksOf(parts, from)
	if err != nil {
		return err
	}
	if err := report.Remove(o.Results()); err != nil { // what an earlier run found
		return err
	}
	out := reportRun(cmd, o, time.Now(), 0).Suites("Every prefix of the series on " + o.Base.Name)
	for _, w := range walks {
		results, err := w.try(cmd.Context(), o, all)
		if len(results) > 0 {
			out.AddResults(shown(w.part.Dir), results)
			out.Suites[len(out.Suites)-1].Judged = !all
		}
		if err != nil {
			return finishEarly(cmd, o.Results(), out, err)
		}
	}
	out.Conclude()
	return finish(cmd, o.Results(), out)
}

// walk is a part of the series whose prefixes are tried, from a patch on.
type walk struct {
	part   series.Part
	names  []string // of its patches
	claims series.Claims
	ground []string // tests that the parts claim which this one needs
	from   int
}

// walksOf returns the parts that claim anything. A number of a patch can be one of a
// single part only.
func walksOf(parts []series.Part, from int) ([]walk, error) {
	var walks []walk
	for _, p := range parts {
		names, err := series.Names(p.Dir)
		if err != nil {
			return nil, err
		}
		claims, err := series.LoadClaims(p.Dir)
		if err != nil {
			return nil, err
		}
		ground, err := p.GroundTests()
		if err != nil {
			return nil, err
		}
		if len(claims) > 0 {
			walks = append(walks, walk{p, names, claims, ground, from})
		}
	}
	if len(walks) == 0 {
		return nil, usagef("%s: there is no such file, or it claims nothing", filepath.Join(parts[0].Dir, "claims"))
	}
	if len(walks) > 1 && from != 1 {
		return nil, usagef("-from %d: of which part? Name one, as -series %s", from, walks[0].part.Name)
	}
	return walks, checkRange("from", from, 1, len(walks[0].names))
}

// try is the result of each prefix, until one cannot be tried.
func (w walk) try(ctx context.Context, o vmtests.Options, all bool) (results []verdict.Result, err error) {
	for n := w.from; n <= len(w.names); n++ {
		upto := n
		if all {
			upto = len(w.names)
		}
		r, err := w.prefix(ctx, o, n, w.tests(upto))
		if err != nil {
			return results, err
		}
		results = append(results, r)
		o.Progress.Printf("    %-4s  %d of %d: %s", r.Word(), n, len(w.names), filepath.Join(w.part.Name, w.names[n-1]))
	}
	return results, nil
}

// tests are those that pass with the first n patches on top of what the part needs.
func (w walk) tests(n int) []string {
	tests := slices.Concat(w.ground, w.claims.Upto(n))
	slices.Sort(tests)
	return slices.Compact(tests)
}

// prefix is the result of the part's first n patches.
func (w walk) prefix(ctx context.Context, o vmtests.Options, n int, tests []string) (verdict.Result, error) {
	bad, err := o.Prefix(ctx, w.part, n, tests)
	if err != nil {
		return verdict.Result{}, err
	}
	r := verdict.Result{Name: w.names[n-1], OK: len(bad) == 0, Detail: fmt.Sprintf("%d tests", len(tests))}
	for _, b := range bad {
		r.Detail += fmt.Sprintf("; %s: %s", b.Name, strings.TrimSpace(b.Detail))
	}
	return r, nil
}
