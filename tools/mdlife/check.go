// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests"
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

// check runs all checks of the series, prints a line for each and fails if one
// failed.
func check(cmd *cobra.Command, o vmtests.Options, each bool) error {
	passed := true
	cache, err := kernel.CacheDir()
	if err != nil {
		return err
	}
	for _, dir := range o.Series.PatchDirs(o.Root, o.Base) {
		req := kernel.Request{Base: o.Base, PatchDir: dir, CacheDir: cache, Progress: o.Progress}
		ok, err := checkSeries(cmd, o, req, each)
		if err != nil {
			return err
		}
		passed = passed && ok
	}
	if !passed {
		return errVerdict
	}
	return nil
}

// checkSeries checks one series; each stands alone.
func checkSeries(cmd *cobra.Command, o vmtests.Options, req kernel.Request, each bool) (passed bool, err error) {
	ctx := cmd.Context()
	s, err := series.Open(ctx, req)
	if err != nil {
		return false, err
	}
	steps := []func(context.Context) ([]series.Result, error){s.Apply, s.Checkpatch}
	if each {
		image, err := o.BuildImage(ctx)
		if err != nil {
			return false, err
		}
		steps = append(steps, func(ctx context.Context) ([]series.Result, error) {
			return s.Builds(ctx, req, func(ctx context.Context, built kernel.Result) error {
				return o.BootAlone(ctx, built, image)
			})
		})
	}
	failed := 0
	for _, step := range steps {
		results, err := step(ctx)
		if err != nil {
			return false, err
		}
		for _, r := range results {
			if r.OK() {
				fmt.Fprintf(cmd.OutOrStdout(), "ok   check %s\n", r.Name)
				continue
			}
			failed++
			fmt.Fprintf(cmd.OutOrStdout(), "FAIL check %s\n%s\n", r.Name, r.Detail)
		}
	}
	return failed == 0, nil
}
