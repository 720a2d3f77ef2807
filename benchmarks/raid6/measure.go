// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/perf/benchmath"

	"mdlife/benchmarks/paired"
)

// batchNanos is about how long a timed batch takes: long enough for the clock,
// short enough to be disturbed seldom.
const batchNanos = 400e3

// MaxControl is how far the control's median may lie from 1.
const MaxControl = 0.03

// narrow is the half width of the control's confidence interval at which a cell
// has rounds enough.
const narrow = 0.015

// confidence is the level of the intervals.
const confidence = 0.95

// Interval is a median with its confidence interval.
type Interval struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

func (i Interval) String() string { return fmt.Sprintf("%.2f [%.2f, %.2f]", i.Median, i.Low, i.High) }

// intervalOf makes no assumption on how the values are distributed.
func intervalOf(values []float64) Interval {
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds), confidence)
	return Interval{s.Center, s.Lo, s.Hi}
}

// Timing is what one variant did in a cell.
type Timing struct {
	Name    string    `json:"name"`
	Nanos   float64   `json:"ns"`      // a call, median
	Rate    float64   `json:"GB_s"`    // of all data disks, whatever part of them a call touches
	Speedup Interval  `json:"speedup"` // against the reference, per round
	Rounds  []float64 `json:"rounds_ns"`
}

// CellResult is a cell's figures.
type CellResult struct {
	Cell    Cell     `json:"cell"`
	Rounds  int      `json:"rounds"`
	Control Interval `json:"control"` // the reference against itself
	Void    bool     `json:"void"`    // the control lies too far from 1
	Timings []Timing `json:"timings"` // the reference first
}

// find returns a variant's figures.
func (r CellResult) find(name string) (Timing, bool) {
	for _, t := range r.Timings {
		if t.Name == name {
			return t, true
		}
	}
	return Timing{}, false
}

// runner is a variant ready for a cell.
type runner struct {
	name  string
	batch func(first, calls int) uint64
	calls int       // in a batch
	times []float64 // ns a call, by round
}

// measure takes the rounds of a cell.
func (e *engine) measure(ctx context.Context, c Config, cell Cell, mem *memory, vs []variant) (CellResult, error) {
	rng := rand.New(rand.NewPCG(c.Seed, uint64(cell.Width)<<32|uint64(cell.Bytes)))
	s := mem.stripes(cell, rng)
	runners, err := prepare(cell, s, vs)
	if err != nil {
		return CellResult{}, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing here makes garbage to speak of
	at := 0
	for round := range patience * c.MaxRounds {
		if ctx.Err() != nil {
			return CellResult{}, ctx.Err()
		}
		for _, i := range rng.Perm(len(runners)) {
			at = runners[i].round(s, at)
		}
		if round+1 >= c.MaxRounds && controlHolds(runners) || round+1 >= c.Rounds && settled(runners) {
			break
		}
	}
	return evaluate(cell, runners)
}

// prepare readies the variants and finds out how many calls make a batch.
func prepare(cell Cell, s *stripes, vs []variant) ([]*runner, error) {
	var runners []*runner
	for _, v := range vs {
		batch, err := v.prepare(cell, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		r := &runner{name: v.name, batch: batch}
		batch(0, s.warm)
		n := max(s.warm, 8)
		took := batch(0, n)
		r.calls = max(int(batchNanos*float64(n)/float64(max(took, 1))), 2)
		runners = append(runners, r)
	}
	return runners, nil
}

// round warms up, times a batch from stripe at on, and returns where it ended. The
// warm-up is the variant's own, for streaming stores leave other lines in the
// caches than plain ones.
func (r *runner) round(s *stripes, at int) int {
	r.batch(at, s.warm)
	at = (at + s.warm) % s.n
	took := r.batch(at, r.calls)
	r.times = append(r.times, float64(took)/float64(r.calls))
	return (at + r.calls) % s.n
}

// patience is how many times MaxRounds a cell gets whose control is too far off:
// with few rounds that may be chance.
const patience = 4

// control is the reference against itself.
func control(runners []*runner) Interval {
	return intervalOf(ratios(runners[0].times, runners[1].times))
}

// controlHolds reports whether the control is near enough to 1.
func controlHolds(runners []*runner) bool {
	return math.Abs(control(runners).Median-1) <= MaxControl
}

// settled reports whether the control is narrow enough. It looks at nothing but the
// control, so that no result is waited for.
func settled(runners []*runner) bool {
	c := control(runners)
	return (c.High-c.Low)/2 <= narrow && math.Abs(c.Median-1) <= narrow
}

// ratios are a/b by round.
func ratios(a, b []float64) []float64 {
	var out []float64
	for i := range a {
		out = append(out, a[i]/b[i])
	}
	return out
}

// evaluate compares all variants with the mean of both references.
func evaluate(cell Cell, runners []*runner) (CellResult, error) {
	first, second := runners[0].times, runners[1].times
	out := CellResult{Cell: cell, Rounds: len(first), Control: control(runners)}
	out.Void = !controlHolds(runners)
	var mean []float64
	for i := range first {
		mean = append(mean, (first[i]+second[i])/2)
	}
	for i, r := range runners {
		if i == 1 {
			continue // the control has its own place
		}
		base := mean
		if i == 0 {
			base = first
		}
		nanos := paired.Median(slices.Clone(r.times))
		if nanos <= 0 {
			return out, fmt.Errorf("%s took no time at all", r.name)
		}
		out.Timings = append(out.Timings, Timing{Name: r.name, Nanos: nanos, Rate: float64(cell.Width*cell.Bytes) / nanos,
			Speedup: intervalOf(ratios(base, r.times)), Rounds: r.times})
	}
	return out, nil
}

// Report is one run.
type Report struct {
	Started   time.Time    `json:"started"`
	Machine   Machine      `json:"machine"`
	Picks     []string     `json:"stock_picks"` // what the stock kernel's way of choosing chose, each time
	Reference string       `json:"reference"`   // the stock algorithm that all are compared with
	Missing   []Missing    `json:"not_available"`
	Cells     []CellResult `json:"cells"`
	Targets   []Target     `json:"targets"`
	Means     []Mean       `json:"means"`
}

// Void lists the cells whose control is too far off.
func (r *Report) Void() []Cell {
	var void []Cell
	for _, c := range r.Cells {
		if c.Void {
			void = append(void, c.Cell)
		}
	}
	return void
}

// cell finds a cell's figures.
func (r *Report) cell(c Cell) (CellResult, bool) {
	for _, got := range r.Cells {
		if got.Cell == c {
			return got, true
		}
	}
	return CellResult{}, false
}
