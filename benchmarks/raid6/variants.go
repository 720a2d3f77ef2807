// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/klauspost/reedsolomon"
	"golang.org/x/sys/unix"
)

// variant is one way to do an operation.
type variant struct {
	name string
	// prepare makes ready for a cell and returns what runs a batch of calls from a
	// stripe on, and how long it took, in ns.
	prepare func(cell Cell, s *stripes) (func(first, calls int) uint64, error)
}

// Names of variants that others are compared with, or that are references.
const (
	again    = "reference again" // the reference once more: the control
	xorOnly  = "xor-only"
	memCopy  = "memcpy"
	isaL     = "isa-l"
	goLib    = "klauspost/reedsolomon"
	stockPre = "stock "
	newPre   = "patched "
)

// disksOf says which disks an operation is about: the two in the middle change, or
// two are lost.
func disksOf(op Op, width int) (start, stop int64) {
	if op == Recovery {
		return 1, int64(width/2 + 1)
	}
	return int64(width/2 - 1), int64(width / 2)
}

// native makes a variant of a function that engine.c calls. before, if any, runs
// ahead of each batch.
func (e *engine) native(name string, op int64, fn uintptr, before func()) variant {
	return variant{name, func(cell Cell, s *stripes) (func(int, int) uint64, error) {
		j := &job{op: op, fn: fn, disks: int64(cell.Width + 2), bytes: int64(cell.Bytes),
			ptrs: s.ptrs, stripes: int64(s.n)}
		j.start, j.stop = disksOf(cell.Op, cell.Width)
		if op == opISALData2 {
			j.tables = e.recoveryTables(cell.Width, int(j.start), int(j.stop))
		}
		return func(first, calls int) uint64 {
			if before != nil {
				before()
			}
			j.first, j.number = int64(first), int64(calls)
			return e.batch(unsafe.Pointer(j))
		}, nil
	}}
}

// variants lists all ways to do each operation: the reference first, then its
// control, then the others. What this CPU lacks goes to e.missing.
func (e *engine) variants(chosen string) (map[Op][]variant, error) {
	ref := slices.IndexFunc(e.stock.algos, func(a algo) bool { return goString(a.name) == chosen && a.valid != 0 })
	if ref < 0 {
		return nil, fmt.Errorf("the stock kernel has no algorithm %q that this CPU can run", chosen)
	}
	all := map[Op][]variant{
		Gen:      e.algoVariants(Gen, e.stock.algos[ref]),
		RMW:      e.algoVariants(RMW, e.stock.algos[ref]),
		Recovery: e.recoveryVariants(e.stock.algos[ref]),
	}
	e.references(all)
	return all, nil
}

// stockOn names the stock kernel's recovery had it chosen an algorithm.
func stockOn(algo string) string { return "stock on " + algo }

// algoVariants are the kernel's ways of gen and rmw.
func (e *engine) algoVariants(op Op, ref algo) []variant {
	code, fn := int64(opGen), func(a algo) uintptr { return a.gen }
	if op == RMW {
		code, fn = opXor, func(a algo) uintptr { return a.xor }
	}
	refName := stockPre + goString(ref.name)
	vs := []variant{e.native(refName, code, fn(ref), nil), e.native(again, code, fn(ref), nil)}
	for _, side := range []struct {
		prefix string
		lib    library
	}{{stockPre, e.stock}, {newPre, e.patched}} {
		for _, a := range side.lib.algos {
			name := side.prefix + goString(a.name)
			switch {
			case name == refName || fn(a) == 0 || side.prefix == newPre && !changed(op, goString(a.name)):
			case a.valid == 0:
				e.miss(name, "this CPU lacks it")
			default:
				vs = append(vs, e.native(name, code, fn(a), nil))
			}
		}
	}
	return vs
}

// changed reports whether the series has something to do with an algorithm.
func changed(op Op, name string) bool {
	return strings.HasPrefix(name, "gfni") || op == RMW && (strings.HasPrefix(name, "avx") || strings.HasPrefix(name, "sse2"))
}

// recoveryVariants are the kernel's ways of recovery. The stock kernel takes the
// one of the highest priority, on top of the algorithm that it has chosen.
func (e *engine) recoveryVariants(ref algo) []variant {
	use := func() { e.stock.use(ref.gen) }
	var vs []variant
	valid := func(r recov, prefix string) bool {
		if r.valid == 0 {
			e.miss(prefix+goString(r.name)+" recovery", "this CPU lacks it")
		}
		return r.valid != 0
	}
	recovs := slices.Clone(e.stock.recovs)
	slices.SortStableFunc(recovs, func(a, b recov) int { return int(b.priority - a.priority) })
	for _, r := range recovs {
		if !valid(r, stockPre) {
			continue
		}
		vs = append(vs, e.native(stockPre+goString(r.name), opData2, r.data2, use))
		if len(vs) > 1 {
			continue
		}
		vs = append(vs, e.native(again, opData2, r.data2, use))
		for _, a := range candidates(e.stock.algos) { // had the kernel chosen another
			if a.gen != ref.gen {
				vs = append(vs, e.native(stockOn(goString(a.name)), opData2, r.data2, func() { e.stock.use(a.gen) }))
			}
		}
	}
	for _, r := range e.patched.recovs {
		if strings.HasPrefix(goString(r.name), "gfni") && valid(r, newPre) {
			vs = append(vs, e.native(newPre+goString(r.name), opData2, r.data2, nil))
		}
	}
	return vs
}

// references adds what others can do, and what nobody can do better.
func (e *engine) references(all map[Op][]variant) {
	if e.hasBare {
		all[Gen] = append(all[Gen], e.native(xorOnly, opBareGen, 0, nil))
		all[RMW] = append(all[RMW], e.native(xorOnly, opBareXor, 0, nil))
		all[Recovery] = append(all[Recovery], e.native(xorOnly, opBareData2, 0, nil))
	}
	if e.pqGen != 0 && e.ecEncode != 0 {
		all[Gen] = append(all[Gen], e.native(isaL, opISALGen, e.pqGen, nil))
		all[Recovery] = append(all[Recovery], e.native(isaL, opISALData2, e.ecEncode, nil))
		e.miss(isaL+" rmw", "its RAID functions have none")
	}
	all[Gen] = append(all[Gen], e.native(memCopy, opMemcpy, 0, nil), goVariant(Gen))
	all[RMW] = append(all[RMW], goVariant(RMW))
	all[Recovery] = append(all[Recovery], goVariant(Recovery))
}

// recoveryTables are ISA-L's for the two lost disks, as sums of all others: data
// in order, P, Q.
func (e *engine) recoveryTables(width, a, b int) unsafe.Pointer {
	first, second := recoveryRows(width, a, b)
	rows := append(first, second...)
	tables := make([]byte, 32*len(rows))
	e.ecTables(int32(len(first)), 2, unsafe.Pointer(&rows[0]), unsafe.Pointer(&tables[0]))
	return unsafe.Pointer(&tables[0])
}

// recoveryRows solves P = D_a + D_b + sum and Q = 2^a D_a + 2^b D_b + sum for the
// two disks: the coefficients of the surviving data, P and Q.
func recoveryRows(width, a, b int) (rowA, rowB []byte) {
	inv := gfInv(gfPow2(a) ^ gfPow2(b))
	p, q := gfMul(gfPow2(a), inv), inv // D_b = p * dP + q * dQ
	for z := range width {
		if z != a && z != b {
			c := p ^ gfMul(q, gfPow2(z))
			rowB, rowA = append(rowB, c), append(rowA, c^1)
		}
	}
	return append(rowA, p^1, q), append(rowB, p, q)
}

// goVariant is klauspost's library, with the kernel's coefficients.
func goVariant(op Op) variant {
	return variant{goLib, func(cell Cell, s *stripes) (func(int, int) uint64, error) {
		p, q := make([]byte, cell.Width), make([]byte, cell.Width)
		for z := range cell.Width {
			p[z], q[z] = 1, gfPow2(z)
		}
		enc, err := reedsolomon.New(cell.Width, 2, reedsolomon.WithCustomMatrix([][]byte{p, q}),
			reedsolomon.WithMaxGoroutines(1), reedsolomon.WithAutoGoroutines(0))
		if err != nil {
			return nil, err
		}
		g := &goCalls{enc: enc, cell: cell, s: s, shards: make([][]byte, cell.Width+2), news: make([][]byte, cell.Width)}
		return g.batch, nil
	}}
}

// goCalls runs batches in Go.
type goCalls struct {
	enc    reedsolomon.Encoder
	cell   Cell
	s      *stripes
	shards [][]byte
	news   [][]byte
}

// batch calls the library; an error would be ours, and no figure is worth having
// then.
func (g *goCalls) batch(first, calls int) uint64 {
	began := threadNanos()
	for i := range calls {
		g.s.shards((first+i)%g.s.n, g.cell, g.shards)
		if err := g.call(); err != nil {
			panic("klauspost/reedsolomon: " + err.Error())
		}
	}
	return threadNanos() - began
}

func (g *goCalls) call() error {
	start, stop := disksOf(g.cell.Op, g.cell.Width)
	switch g.cell.Op {
	case Gen:
		return g.enc.Encode(g.shards)
	case RMW: // old and new data at once; here both are the same
		g.news[start], g.news[stop] = g.shards[start], g.shards[stop]
		return g.enc.Update(g.shards, g.news)
	}
	g.shards[start], g.shards[stop] = g.shards[start][:0], g.shards[stop][:0]
	return g.enc.ReconstructData(g.shards)
}

// threadNanos is this thread's CPU time.
func threadNanos() uint64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic("CLOCK_THREAD_CPUTIME_ID: " + err.Error())
	}
	return uint64(ts.Nano())
}
