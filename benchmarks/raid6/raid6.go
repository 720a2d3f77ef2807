// SPDX-License-Identifier: BSD-3-Clause

// Package raid6 measures and checks the kernel's RAID-6 arithmetic, unpatched and
// patched, in user space: it compiles lib/raid6 (lib/raid/raid6 on mainline) from
// the very sources that the kernels are built from.
//
// The benchmark runs all variants side by side in one process, in shuffled order
// in every round, beside ISA-L, klauspost/reedsolomon and references: what counts
// is the ratio within a round. A control, the reference against itself, voids a
// run on a machine that is too restless.
package raid6

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"mdlife/internal/progress"
	"mdlife/kernel"
)

// Config says what to measure.
type Config struct {
	Base     kernel.Base
	CacheDir string // with the kernel's source
	Root     string // of the repository, for our C code
	PatchDir string // with the series raid6
	WorkDir  string // for what is compiled; exists
	Progress *progress.Tracker

	Matrix
	Rounds    int    // at least, for each cell
	MaxRounds int    // where the control is not narrow before
	Reference string // a stock algorithm to compare with; "": what the stock kernel chooses
	Seed      uint64 // of the order
}

// Matrix is what is measured: all combinations of these.
type Matrix struct {
	Widths  []int    // numbers of data disks
	Sizes   []int    // bytes of each disk in a call
	Regimes []Regime // where the memory is
	Ops     []Op     // what is computed
}

// The whole matrix.
var (
	AllWidths  = []int{6, 8, 10, 16}
	AllSizes   = []int{4096, 65536}
	AllRegimes = []Regime{Hot, L3, DRAM, ColdParity}
	AllOps     = []Op{Gen, RMW, Recovery}

	Whole = Matrix{AllWidths, AllSizes, AllRegimes, AllOps}
)

// Quick is the part of the matrix that the targets are about.
var Quick = Matrix{[]int{8, 16}, []int{4096}, []Regime{L3, DRAM, ColdParity}, AllOps}

// References are the stock algorithms of all bases on x86-64, to compare with. Not every
// CPU can run them all.
var References = []string{"int64x1", "int64x2", "int64x4", "int64x8", "sse2x1", "sse2x2", "sse2x4",
	"avx2x1", "avx2x2", "avx2x4", "avx512x1", "avx512x2", "avx512x4"}

// MinRounds and MaxRounds are how many rounds a cell gets unless told otherwise.
const (
	MinRounds = 21
	MaxRounds = 101
)

// Run builds everything, lets the stock kernel's way of choosing choose, and
// measures cell by cell.
func Run(ctx context.Context, c Config) (*Report, error) {
	libs, err := c.buildLibs(ctx)
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // CPU time is the thread's
	defer runtime.UnlockOSThread()
	e, err := openEngine(libs)
	if err != nil {
		return nil, err
	}
	m := machine(ctx, c)
	phase := c.Progress.Start("the stock kernel's choice")
	picks := e.stockPicks()
	phase.End(nil)
	chosen := c.Reference
	if chosen == "" {
		chosen = mostFrequent(picks)
	}
	variants, err := e.variants(chosen)
	if err != nil {
		return nil, err
	}
	mem, err := newMemory(m)
	if err != nil {
		return nil, err
	}
	defer mem.free()
	out := &Report{Machine: m, Picks: picks, Reference: chosen, Missing: e.missing, Started: time.Now().UTC()}
	for _, cell := range c.cells() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		phase := c.Progress.Start(cell.String())
		r, err := e.measure(ctx, c, cell, mem, variants[cell.Op])
		phase.End(err)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cell, err)
		}
		out.Cells = append(out.Cells, r)
	}
	out.Targets, out.Means = out.targets(), out.means()
	return out, nil
}

// cells lists the matrix; that of cold parity is of gen alone, for the others
// read their parity.
func (c Matrix) cells() []Cell {
	var cells []Cell
	for _, op := range c.Ops {
		for _, size := range c.Sizes {
			for _, width := range c.Widths {
				for _, regime := range c.Regimes {
					if regime == ColdParity && op != Gen {
						continue
					}
					cells = append(cells, Cell{op, width, size, regime})
				}
			}
		}
	}
	return cells
}

// Op is what a call computes.
type Op string

// The operations: P and Q of a whole stripe; read-modify-write, which is
// xor_syndrome twice, for two disks in the middle; and two lost data disks.
const (
	Gen      Op = "gen"
	RMW      Op = "rmw"
	Recovery Op = "recovery"
)

// Regime is where the memory of a call is when it begins.
type Regime string

// The regimes: one stripe in the first-level cache, stripes in the last-level
// cache, stripes in memory, and data that has just come through the second-level
// cache with parity in memory, as when a whole stripe is written.
const (
	Hot        Regime = "hot"
	L3         Regime = "L3"
	DRAM       Regime = "DRAM"
	ColdParity Regime = "cold"
)

// Cell is one place in the matrix.
type Cell struct {
	Op     Op     `json:"op"`
	Width  int    `json:"data_disks"`
	Bytes  int    `json:"bytes"`
	Regime Regime `json:"regime"`
}

func (c Cell) String() string {
	return fmt.Sprintf("%s %d+2 %dK %s", c.Op, c.Width, c.Bytes/1024, c.Regime)
}
