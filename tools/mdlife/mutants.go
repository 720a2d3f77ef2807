// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mdlife/kernel/series"
	"mdlife/vmtests"
	"mdlife/vmtests/report"
)

func newMutants() *cobra.Command {
	var only []string
	var seed uint64
	cmd := &cobra.Command{
		Use:   "mutants",
		Short: "Take each mechanism out of the series in turn; the tests must notice",
		Long: `Build every mutant of the chosen parts (patches/<base>/<part>/mutants) on top of the whole
series, boot it, and run the tests that it names. A mutant that they do not notice has survived,
which means a missing test.
Exit code 0 only if all mutants are killed, and the series without a mutant passes the same tests.`,
		Example: `  mdlife mutants
  mdlife mutants -base 6.1 -only no-retry,unit-kept`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	cmd.Flags().Lookup("tree").Hidden = true
	cmd.Flags().StringSliceVar(&only, "only", nil, "mutants to try (default: all)")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "seed of the races (default: a new one, printed)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("only") {
			if err := checkNames("only", only); err != nil {
				return err
			}
		}
		if o.Tree != "" {
			return usagef("-tree: mutants are patches on top of the series, and not of a tree")
		}
		o.Seed = vmtests.NewSeed(seed)
		return mutants(cmd, o, only)
	}
	return cmd
}

// mutants tries the chosen mutants and prints the kill table.
func mutants(cmd *cobra.Command, o vmtests.Options, only []string) error {
	parts, err := o.Parts()
	if err != nil {
		return err
	}
	all, err := series.MutantsOf(parts)
	if err != nil {
		return err
	}
	if all, err = chooseMutants(all, only); err != nil {
		return err
	}
	if len(all) == 0 {
		return usagef("the series has no mutant; one is a file %s", filepath.Join(parts[0].MutantDir(), "01-NAME.patch"))
	}
	if err := report.Remove(o.Results()); err != nil { // what an earlier run found
		return err
	}
	started := time.Now()
	var kills []report.Mutant
	err = o.Mutants(cmd.Context(), all, func(k report.Mutant) { kills = append(kills, k) })
	out := reportRun(cmd, o, started, o.Seed).Mutants(kills)
	if err != nil {
		return finishEarly(cmd, o.Results(), out, err)
	}
	return finish(cmd, o.Results(), out)
}

// chooseMutants returns those that are called by only, or all.
func chooseMutants(all []series.Mutant, only []string) ([]series.Mutant, error) {
	if len(only) == 0 {
		return all, nil
	}
	var chosen []series.Mutant
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	for _, name := range only {
		i := slices.IndexFunc(all, func(m series.Mutant) bool { return m.Name == name })
		if i < 0 {
			return nil, usagef("-only: there is no mutant %q; there are %s", name, strings.Join(names, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
