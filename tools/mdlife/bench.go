// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mdlife/benchmarks"
	"mdlife/vmtests"
)

// subBench is one benchmark of mdlife bench. It prints its table to w and
// returns what goes to out/bench/<name>.json and whether every promise was met.
type subBench struct {
	name, what string
	rounds     bool // measured in as many rounds as -rounds says
	run        func(ctx context.Context, o vmtests.Options, rounds int, w, log io.Writer) (result any, met bool, err error)
}

var subBenches = []subBench{
	{"boot", "from QEMU's start to the guest's first result, against plain QEMU", true, benchBoot},
	{"counted", "open+close, writes of 4 KiB and create/stop/gone, patched against unpatched, by a clock that counts instructions (always TCG)", true, benchCounted},
	{"uncontended", "the paths of counted, by the wall clock", true, benchUncontended},
	{"throughput", "sequential reads and writes of 64 KiB and random ones of 4 KiB, on each personality, by the clock of counted", true, benchThroughput},
	{"md", "writes, degraded reads and rebuilds of raid5 and raid6, with their CPU time", true, benchMD},
	{"warm", "a whole comparison after an edit of md.c, and the time of make by hand for that edit", false, benchWarm},
	{"cold", "a whole comparison with an empty cache, and the time of make by hand", false, benchCold},
}

func newBench() *cobra.Command {
	var what []string
	var rounds int
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what the project promises about speed",
		Long:  "Measure what the project promises about speed. Results also go to out/bench/*.json.\nThe benchmarks are:\n" + benchHelp(),
		Example: `  mdlife bench                              # boot and counted
  mdlife bench -what uncontended -rounds 9
  mdlife bench -what cold,warm`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	cmd.Flags().StringSliceVar(&what, "what", []string{"boot", "counted"}, "any of "+strings.Join(benchNames(), ", "))
	cmd.Flags().IntVar(&rounds, "rounds", 5, "rounds of "+roundsHelp())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkRange("rounds", rounds, 3, 1000); err != nil {
			return err
		}
		subs, err := findBenches(what)
		if err != nil {
			return err
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		return runBenches(cmd, o, subs, rounds)
	}
	return cmd
}

// benchHelp lists the sub-benchmarks.
func benchHelp() (s string) {
	for _, b := range subBenches {
		s += fmt.Sprintf("\n- %s: %s", b.name, b.what)
	}
	return s
}

// benchNames lists the sub-benchmarks for messages.
func benchNames() (names []string) {
	for _, b := range subBenches {
		names = append(names, b.name)
	}
	return names
}

// roundsHelp lists those that -rounds is for: "a, b and c".
func roundsHelp() string {
	var names []string
	for _, b := range subBenches {
		if b.rounds {
			names = append(names, b.name)
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// findBenches turns -what into benchmarks, in the order in which they run best.
func findBenches(names []string) ([]subBench, error) {
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	if len(names) == 0 {
		return nil, usagef("-what: want one or more of %s", strings.Join(benchNames(), ", "))
	}
	var subs []subBench
	for _, b := range subBenches {
		if wanted[b.name] {
			subs = append(subs, b)
			delete(wanted, b.name)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(wanted)) {
		return nil, usagef("-what %s: want one or more of %s", n, strings.Join(benchNames(), ", "))
	}
	return subs, nil
}

// runBenches runs them all, even if one misses its promise.
func runBenches(cmd *cobra.Command, o vmtests.Options, subs []subBench, rounds int) error {
	missed := false
	for _, b := range subs {
		w := cmd.OutOrStdout()
		fmt.Fprintf(w, "\n%s: %s\n", b.name, b.what)
		result, met, err := b.run(cmd.Context(), o, rounds, w, cmd.ErrOrStderr())
		if err != nil {
			return fmt.Errorf("bench %s: %w", b.name, err)
		}
		if err := benchmarks.Write(o.Root, b.name, result); err != nil {
			return err
		}
		missed = missed || !met
	}
	if missed {
		return errVerdict
	}
	return nil
}
