// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"

	"mdlife/internal/table"
)

// newTable returns a table with a title.
func newTable(title string, header ...any) table.Writer {
	t := table.New(header...)
	t.SetTitle(title)
	return t
}

// Print writes a run's tables: one for each operation and size, with the cells as
// columns and the variants as rows, then the targets and what is not available.
func (r *Report) Print(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "%s (family %d, model %d, %s), L2 %d KiB, L3 %d MiB; %s; %s; %s; base %s\n",
		m.CPU, m.Family, m.Model, hyper(m), m.L2Bytes>>10, m.L3Bytes>>20, m.Kernel, m.Compiler, m.Commit, m.Base)
	fmt.Fprintf(w, "The stock kernel's way of choosing chose %s: all is compared with %s.\n", countNames(r.Picks), r.Reference)
	for _, op := range AllOps {
		for _, size := range AllSizes {
			r.printMatrix(w, op, size)
		}
	}
	for _, miss := range r.Missing {
		fmt.Fprintf(w, "not available: %s: %s\n", miss.Name, miss.Why)
	}
	r.printTargets(w)
}

func hyper(m Machine) string {
	if m.Hyper == "" {
		return "bare metal"
	}
	return "under " + m.Hyper
}

// countNames is "avx2x1 5 times, avx512x2 4 times".
func countNames(names []string) string {
	sorted := slices.Sorted(slices.Values(names))
	var parts []string
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sorted[n] == sorted[0] {
			n++
		}
		parts = append(parts, fmt.Sprintf("%s %d times", sorted[0], n))
		sorted = sorted[n:]
	}
	return strings.Join(parts, ", ")
}

// printMatrix is one operation at one size: how many times the reference's speed.
func (r *Report) printMatrix(w io.Writer, op Op, size int) {
	var cells []CellResult
	for _, c := range r.Cells {
		if c.Cell.Op == op && c.Cell.Bytes == size {
			cells = append(cells, c)
		}
	}
	if len(cells) == 0 {
		return
	}
	header, rate, control := []any{"times the reference"}, table.Row{"reference, GB/s"}, table.Row{"A/A control"}
	for _, c := range cells {
		header = append(header, fmt.Sprintf("%d+2 %s", c.Cell.Width, c.Cell.Regime))
		rate = append(rate, fmt.Sprintf("%.1f", c.Timings[0].Rate))
		state := fmt.Sprintf("%.3f", c.Control.Median)
		if c.Void {
			state += " VOID"
		}
		control = append(control, state)
	}
	t := newTable(fmt.Sprintf("%s, %d KiB of each disk", op, size/1024), header...)
	for _, first := range cells[0].Timings[1:] {
		row := table.Row{first.Name}
		for _, c := range cells {
			got, ok := c.find(first.Name)
			if !ok {
				row = append(row, "-")
				continue
			}
			row = append(row, got.Speedup.String())
		}
		t.AppendRow(row)
	}
	t.AppendSeparator()
	t.AppendRow(rate)
	t.AppendRow(control)
	fmt.Fprintln(w, t.Render())
}

func (r *Report) printTargets(w io.Writer) {
	t := newTable("targets", "what", "at least", "measured", "met", "note")
	for _, target := range r.Targets {
		got, met := fmt.Sprintf("%.2f", target.Got), "yes"
		switch {
		case !target.Known:
			got, met = "-", "not measured"
		case !target.Met():
			met = "NO"
		}
		t.AppendRow(table.Row{target.Name, fmt.Sprintf("%.2f", target.Want), got, met, target.Note})
	}
	fmt.Fprintln(w, t.Render())
	means := newTable("geometric mean of 8+2 and 16+2, 4 KiB, against each that the stock kernel may choose", "stock algorithm", "chosen", "mean", "least", "xor-only's mean")
	for _, m := range r.Means {
		means.AppendRow(table.Row{m.Against, fmt.Sprintf("%d of %d times", m.Picked, len(r.Picks)), fmt.Sprintf("%.2f", m.Mean),
			fmt.Sprintf("%.2f", m.Least), fmt.Sprintf("%.2f", m.XorOnly)})
	}
	fmt.Fprintln(w, means.Render())
	if void := r.Void(); len(void) > 0 {
		fmt.Fprintf(w, "VOID: the control lies more than %.2f from 1 in %v: the machine was too restless there\n", MaxControl, void)
	}
}

// samples is how many rounds of a cell benchstat gets: enough for its statistics.
const samples = 15

// WriteGo writes runs in the format of Go's benchmarks for benchstat: a line for
// each of some rounds, evenly spread.
func WriteGo(w io.Writer, runs []*Report) error {
	out := benchfmt.NewWriter(w)
	for _, r := range runs {
		config := []benchfmt.Config{
			{Key: "goos", Value: []byte("linux"), File: true},
			{Key: "goarch", Value: []byte("amd64"), File: true},
			{Key: "pkg", Value: []byte("mdlife/benchmarks/raid6"), File: true},
			{Key: "cpu", Value: []byte(r.Machine.CPU), File: true},
			{Key: "base", Value: []byte(r.Machine.Base), File: true},
			{Key: "commit", Value: []byte(r.Machine.Commit), File: true},
		}
		for _, c := range r.Cells {
			for _, t := range c.Timings {
				if err := writeTiming(out, config, c.Cell, t); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func writeTiming(out *benchfmt.Writer, config []benchfmt.Config, c Cell, t Timing) error {
	name := fmt.Sprintf("RAID6/op=%s/width=%d+2/size=%dK/memory=%s/variant=%s", c.Op, c.Width, c.Bytes/1024,
		c.Regime, strings.ReplaceAll(strings.ReplaceAll(t.Name, " ", ":"), "/", ":"))
	for i := range min(samples, len(t.Rounds)) {
		ns := t.Rounds[i*len(t.Rounds)/min(samples, len(t.Rounds))]
		err := out.Write(&benchfmt.Result{Config: config, Name: benchfmt.Name(name), Iters: 1, Values: []benchfmt.Value{
			{Value: ns / 1e9, Unit: "sec/op", OrigValue: ns, OrigUnit: "ns/op"},
			{Value: float64(c.Width*c.Bytes) / ns * 1e9, Unit: "B/s", OrigValue: float64(c.Width*c.Bytes) / ns * 1e3, OrigUnit: "MB/s"},
		}})
		if err != nil {
			return err
		}
	}
	return nil
}
