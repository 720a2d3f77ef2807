// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/arrays"
	"mdlife/vmtests/report"
)

func newArrays() *cobra.Command {
	var names, kernels []string
	var seed uint64
	cmd := &cobra.Command{
		Use:   "arrays",
		Short: "Lead arrays of every personality through what can happen to one, with mdadm",
		Long: `Boot the kernels, beside each other if there are CPUs for it, and in each have Debian's
mdadm create, degrade, rebuild, check, grow, stop and assemble arrays of every personality and
kind of metadata, and stop them at awkward moments, with data that is verified all along and an
opener beside it. Exit code 0 only if all but the unpatched kernel come through, and no open
fails on them.

A cell is a personality and a subject, as raid5/life-1.2 (not each has all of them).
` + cellNames(),
		Example: `  mdlife arrays
  mdlife arrays -base 6.12 -only raid5,raid6
  mdlife arrays -only raid5/stop-reshape -kernels patched,debug`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&names, "only", []string{event.AllCells}, "personalities, as raid5,raid10, or cells, as raid5/life-1.2")
	f.StringSliceVar(&kernels, "kernels", []string{"unpatched", "patched"}, kernelsHelp)
	f.Uint64Var(&seed, "seed", 0, "seed of all choices (default: a new one, printed)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, variants, err := t.chosen(cmd, names, kernels, vmtests.ArrayTests)
		if err != nil {
			return err
		}
		started := time.Now()
		seed = vmtests.NewSeed(seed)
		plan, err := vmtests.ArrayTests(names).Plan(seed)
		if err != nil {
			return err
		}
		guests, err := vmtests.RunAtOnce(cmd.Context(), o, variants, plan)
		if err != nil {
			return err
		}
		out := reportRun(cmd, o, started, seed).Arrays(guests)
		out.Files = append(out.Files, filepath.Join(o.Results(), report.CellsFile))
		return finish(cmd, o.Results(), out, func() error { return report.WriteCells(o.Results(), guests) })
	}
	return cmd
}

// cellNames lists what -only takes.
func cellNames() string {
	personalities, subjects := arrays.Names()
	out := ""
	for _, list := range []string{"Personalities: " + strings.Join(personalities, ", "), "Subjects: " + strings.Join(subjects, ", ")} {
		for line := range strings.Lines(text.WrapSoft(list, 95)) {
			out += strings.TrimSpace(line) + "\n"
		}
	}
	return strings.TrimSpace(out)
}
