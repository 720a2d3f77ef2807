// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"path/filepath"
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
		Long: `Build the kernel after each patch, boot it, and run the tests that pass from this patch or
an earlier one on, according to patches/<base>/claims. A bisection that looks for something else
must not stumble over a patch of ours. Exit code 0 only if all of them pass.`,
		Example: `  mdlife bisectable
  mdlife bisectable -base 6.12 -from 15
  mdlife bisectable -base 6.1 -all    # run all claimed tests on every prefix, and only show what fails`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	cmd.Flags().Lookup("tree").Hidden = true
	cmd.Flags().IntVar(&from, "from", 1, "the first patch after which to build")
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
	dir := vmtests.PatchDir(o.Root, o.Base)
	names, err := series.Names(dir)
	if err != nil {
		return err
	}
	if err := checkRange("from", from, 1, len(names)); err != nil {
		return err
	}
	claims, err := series.LoadClaims(dir)
	if err != nil {
		return err
	}
	if len(claims) == 0 {
		return usagef("%s: there is no such file, or it claims nothing", filepath.Join(dir, "claims"))
	}
	if err := report.Remove(o.Results()); err != nil { // what an earlier run found
		return err
	}
	run := reportRun(cmd, o, time.Now(), 0)
	title := "Every prefix of the series on " + o.Base.Name
	var results []verdict.Result
	for n := from; n <= len(names); n++ {
		tests := claims.Upto(n)
		if all {
			tests = claims.Upto(len(names))
		}
		r, err := prefix(cmd.Context(), o, n, names[n-1], tests)
		if err != nil {
			return finishEarly(cmd, o.Results(), run.Results(title, shown(dir), results), err)
		}
		results = append(results, r)
		o.Progress.Printf("    %-4s  %d of %d: %s", r.Word(), n, len(names), names[n-1])
	}
	out := run.Results(title, shown(dir), results)
	out.Suites[0].Judged = !all
	out.Conclude()
	return finish(cmd, o.Results(), out)
}

// prefix is the result of the first n patches, of which name is the last.
func prefix(ctx context.Context, o vmtests.Options, n int, name string, tests []string) (verdict.Result, error) {
	bad, err := o.Prefix(ctx, n, tests)
	if err != nil {
		return verdict.Result{}, err
	}
	r := verdict.Result{Name: name, OK: len(bad) == 0, Detail: fmt.Sprintf("%d tests", len(tests))}
	for _, b := range bad {
		r.Detail += fmt.Sprintf("; %s: %s", b.Name, strings.TrimSpace(b.Detail))
	}
	return r, nil
}
