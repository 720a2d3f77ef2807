// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mdlife/benchmarks"
	"mdlife/benchmarks/paired"
	"mdlife/internal/table"
	"mdlife/vmtests"
)

// yesNo is the last column of every benchmark's table.
func yesNo(met bool) string {
	if met {
		return "yes"
	}
	return "NO"
}

func benchBoot(ctx context.Context, o vmtests.Options, rounds int, w, _ io.Writer) (any, bool, error) {
	b, err := benchmarks.BootToResult(ctx, o, rounds)
	if err != nil {
		return nil, false, err
	}
	t := table.New("machine", "plain QEMU", "mdlife", "ratio [quartiles]", "limit", "met")
	t.AppendRow(table.Row{b.Machine, fmt.Sprintf("%.2f s", b.Reference), fmt.Sprintf("%.2f s", b.Candidate),
		b.Ratio, b.Limit, yesNo(b.Met())})
	fmt.Fprintln(w, t.Render())
	return b, b.Met(), nil
}

func benchUncontended(ctx context.Context, o vmtests.Options, rounds int, w, _ io.Writer) (any, bool, error) {
	return printPaired(w)(benchmarks.Uncontended(ctx, o, rounds))
}

func benchCounted(ctx context.Context, o vmtests.Options, rounds int, w, _ io.Writer) (any, bool, error) {
	return printPaired(w)(benchmarks.Counted(ctx, o, rounds))
}

func benchThroughput(ctx context.Context, o vmtests.Options, rounds int, w, _ io.Writer) (any, bool, error) {
	return printPaired(w)(benchmarks.Throughput(ctx, o, rounds))
}

// benchMD prints speeds, but ratios of times: above 1 is slower.
func benchMD(ctx context.Context, o vmtests.Options, rounds int, w, _ io.Writer) (any, bool, error) {
	m, err := benchmarks.Parity(ctx, o, rounds)
	if err != nil {
		return nil, false, err
	}
	met := printMD(w, m)
	return m, met, nil
}

// printMD prints a table, and reports whether the patched kernel is nowhere slower.
func printMD(w io.Writer, m benchmarks.MD) (met bool) {
	fmt.Fprintf(w, "accelerator: %s\n", m.Accel)
	for _, note := range m.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	for _, label := range slices.Backward(slices.Sorted(maps.Keys(m.Algorithms))) { // unpatched first
		fmt.Fprintf(w, "%s: %s\n", label, strings.Join(m.Algorithms[label], "; "))
	}
	t := table.New("work", "unpatched", "patched", "ratio of times [quartiles]", "A/A control", "no slower",
		"CPU s/GB unpatched", "patched", "ratio [quartiles]", "A/A control")
	met = true
	for _, c := range m.Cells {
		before, unit := c.Speed(c.Time.Reference)
		after, _ := c.Speed(c.Time.Candidate)
		verdict := yesNo(c.Met())
		if c.Time.Void {
			verdict = "void: the machine was too restless"
		}
		met = met && c.Met()
		t.AppendRow(table.Row{c.Name, fmt.Sprintf("%.0f %s", before, unit), fmt.Sprintf("%.0f %s", after, unit),
			c.Time.Ratio, c.Time.Control, verdict,
			fmt.Sprintf("%.2f", c.PerGB(c.CPU.Reference)), fmt.Sprintf("%.2f", c.PerGB(c.CPU.Candidate)), c.CPU.Ratio, c.CPU.Control})
	}
	fmt.Fprintln(w, t.Render())
	return met
}

// isPart reports whether a name is that of a part of a cycle.
func isPart(name string) bool { return strings.Contains(name, ": ") }

// printPaired prints what Uncontended or Counted returned. A part of a cycle is
// shown, and nothing is promised of it: what one part saves, another may take.
func printPaired(w io.Writer) func(map[string]paired.Result, error) (any, bool, error) {
	return func(results map[string]paired.Result, err error) (any, bool, error) {
		if err != nil {
			return nil, false, err
		}
		t := table.New("path", "unpatched", "patched", "ratio [quartiles]", "A/A control", "noise", "within noise")
		met := true
		for _, name := range slices.Sorted(maps.Keys(results)) {
			r := results[name]
			verdict := yesNo(r.WithinNoise)
			switch {
			case isPart(name):
				verdict = "(a part)"
			case r.Void:
				verdict = "void: the machine was too restless"
				met = false
			default:
				// A patched kernel that is faster than noise keeps the promise, too.
				met = met && (r.WithinNoise || r.Ratio.Median < 1)
			}
			t.AppendRow(table.Row{name, fmt.Sprintf("%.1f µs", r.Reference), fmt.Sprintf("%.1f µs", r.Candidate),
				r.Ratio, r.Control, fmt.Sprintf("±%.3f", r.Noise), verdict})
		}
		fmt.Fprintln(w, t.Render())
		return results, met, nil
	}
}

func benchWarm(ctx context.Context, o vmtests.Options, _ int, w, log io.Writer) (any, bool, error) {
	return printWhole(w)(benchmarks.Warm(ctx, o, log))
}

func benchCold(ctx context.Context, o vmtests.Options, _ int, w, log io.Writer) (any, bool, error) {
	return printWhole(w)(benchmarks.Cold(ctx, o, log))
}

// seconds prints a time; 0 is one that was not measured.
func seconds(s float64) string {
	if s == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f s", s)
}

// each prints the times of several runs, "" for one.
func each(runs []float64) string {
	if len(runs) < 2 {
		return ""
	}
	var out []string
	for _, s := range runs {
		out = append(out, fmt.Sprintf("%.1f", s))
	}
	return strings.Join(out, ", ")
}

// printWhole prints what Warm or Cold returned.
func printWhole(w io.Writer) func([]benchmarks.Whole, error) (any, bool, error) {
	return func(runs []benchmarks.Whole, err error) (any, bool, error) {
		if err != nil {
			return nil, false, err
		}
		t := table.New("run", "took (median)", "each", "make by hand", "usual machine", "scaled", "limit", "exit code", "met")
		met := true
		for _, r := range runs {
			met = met && r.Met()
			t.AppendRow(table.Row{r.Name, seconds(r.Seconds), each(r.Runs), seconds(r.ByHand), seconds(r.Usual),
				seconds(r.Scaled()), fmt.Sprintf("%.0f s", r.Limit), r.Exit, yesNo(r.Met())})
		}
		fmt.Fprintln(w, t.Render())
		return runs, met, nil
	}
}
