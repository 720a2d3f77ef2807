// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"fmt"
	"strings"

	"github.com/montanaflynn/stats"

	"mdlife/benchmarks/paired"
)

// Target is one of the figures that the series is to reach.
type Target struct {
	Name  string  `json:"name"`
	Want  float64 `json:"want"` // at least
	Got   float64 `json:"got"`
	Note  string  `json:"note,omitempty"`
	Known bool    `json:"known"` // all that it takes was measured
}

// Met reports whether the target was reached.
func (t Target) Met() bool { return t.Known && t.Got >= t.Want }

// The cells that the mean is about: those of the work that md gives the code.
func targetCells() []Cell {
	var cells []Cell
	for _, width := range []int{8, 16} {
		for _, c := range []struct {
			op     Op
			regime Regime
		}{{Gen, L3}, {Gen, DRAM}, {Gen, ColdParity}, {RMW, L3}, {RMW, DRAM}, {Recovery, L3}, {Recovery, DRAM}} {
			cells = append(cells, Cell{c.op, width, 4096, c.regime})
		}
	}
	return cells
}

// ours is the best of the series that this CPU can run.
var ours = []string{newPre + "gfni512x4", newPre + "gfni256x4", newPre + "avx512x4", newPre + "avx2x4"}

// ratio is the median of a's speed over b's, per round.
func (r *Report) ratio(c Cell, a, b string) (float64, bool) {
	cell, ok := r.cell(c)
	if !ok {
		return 0, false
	}
	ta, oka := cell.find(a)
	tb, okb := cell.find(b)
	if !oka || !okb {
		return 0, false
	}
	return paired.Median(ratios(tb.Rounds, ta.Rounds)), true
}

// Mean is the mean of the target cells against one stock algorithm.
type Mean struct {
	Against string  `json:"against"`
	Picked  int     `json:"picked"` // how often the stock kernel's way of choosing chose it
	Mean    float64 `json:"mean"`
	Least   float64 `json:"least"`
	XorOnly float64 `json:"xor_only"` // what the references make of it
}

// means compares with each of the algorithms that the stock kernel may choose.
func (r *Report) means() []Mean {
	var out []Mean
	for _, t := range r.firstTimings(Gen) {
		algo, isStock := strings.CutPrefix(t.Name, stockPre)
		m := Mean{Against: algo}
		for _, pick := range r.Picks {
			if pick == algo {
				m.Picked++
			}
		}
		if !isStock {
			continue
		}
		var ok bool
		if m.Mean, m.Least, ok = r.meanAgainst(algo, ours); !ok {
			continue
		}
		m.XorOnly, _, _ = r.meanAgainst(algo, []string{xorOnly})
		out = append(out, m)
	}
	return out
}

// firstTimings are the variants of an operation, from the first cell with it.
func (r *Report) firstTimings(op Op) []Timing {
	for _, c := range r.Cells {
		if c.Cell.Op == op {
			return c.Timings
		}
	}
	return nil
}

// meanAgainst is the mean of the target cells, and their least, of the first of
// names that there is, had the stock kernel chosen algo.
func (r *Report) meanAgainst(algo string, names []string) (mean, least float64, ok bool) {
	var all []float64
	for _, c := range targetCells() {
		base := stockPre + algo
		if c.Op == Recovery {
			if base = stockOn(algo); algo == r.Reference {
				cell, ok := r.cell(c)
				if !ok {
					return 0, 0, false
				}
				base = cell.Timings[0].Name
			}
		}
		got, ok := r.ratioOfFirst(c, names, base)
		if !ok {
			return 0, 0, false
		}
		all = append(all, got)
	}
	mean, err := stats.GeometricMean(all)
	if err != nil {
		return 0, 0, false
	}
	least, err = stats.Min(all)
	return mean, least, err == nil
}

// ratioOfFirst is ratio of the first of names that was measured.
func (r *Report) ratioOfFirst(c Cell, names []string, base string) (float64, bool) {
	for _, name := range names {
		if got, ok := r.ratio(c, name, base); ok {
			return got, true
		}
	}
	return 0, false
}

// targets compares the run with what was promised.
func (r *Report) targets() []Target {
	mean, least, ok := r.meanAgainst(r.Reference, ours)
	bound, _, haveBound := r.meanAgainst(r.Reference, []string{xorOnly})
	note := ""
	if haveBound {
		note = fmt.Sprintf("xor-only, which is the same loads and stores with the least arithmetic, makes %.2f", bound)
	}
	out := []Target{
		{Name: "geometric mean against " + r.Reference + ", 8+2 and 16+2, 4 KiB", Want: 2.2, Got: mean, Known: ok, Note: note},
		{Name: "least of them", Want: 1, Got: least, Known: ok},
	}
	add := func(name string, want float64, c Cell, a, b string) {
		got, ok := r.ratio(c, a, b)
		out = append(out, Target{Name: name, Want: want, Got: got, Known: ok})
	}
	for _, width := range []int{8, 16} {
		dram := Cell{Gen, width, 4096, DRAM}
		add(fmt.Sprintf("gen DRAM against xor-only, %d+2", width), 0.92, dram, ours[0], xorOnly)
		add(fmt.Sprintf("gen DRAM against ISA-L, %d+2", width), 1.3, dram, ours[0], isaL)
	}
	for _, t := range []struct {
		algo   string
		regime Regime
		want   float64
	}{{"avx512x4", DRAM, 1.1}, {"avx512x4", L3, 1.4}, {"avx2x4", DRAM, 1}, {"avx2x4", L3, 1}} {
		add(fmt.Sprintf("write-back stores alone, rmw %s, %s, 8+2", t.regime, t.algo), t.want,
			Cell{RMW, 8, 4096, t.regime}, newPre+t.algo, stockPre+t.algo)
	}
	return out
}
