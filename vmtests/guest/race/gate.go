// SPDX-License-Identifier: BSD-3-Clause

package race

import (
	"sync"
	"sync/atomic"
)

// gate lets one thread hold back all openers: between two opens each of them
// looks at it, at the cost of one load.
type gate struct {
	state  atomic.Int32 // open, shut or over
	mu     sync.Mutex
	cond   *sync.Cond
	parked int // openers that wait at a shut gate
	living int // openers that have not left for good
}

const (
	gateOpen = iota
	gateShut
	gateOver
)

func newGate(openers int) *gate {
	g := &gate{living: openers}
	g.cond = sync.NewCond(&g.mu)
	return g
}

// pass returns true to go on and false to leave; it waits at a shut gate.
func (g *gate) pass() bool {
	if g.isOpen() {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.parked++
	g.cond.Broadcast()
	for g.state.Load() == gateShut {
		g.cond.Wait()
	}
	g.parked--
	return g.state.Load() == gateOpen
}

// isOpen reports whether openers may go on just now.
func (g *gate) isOpen() bool { return g.state.Load() == gateOpen }

// left says that an opener has gone for good.
func (g *gate) left() {
	g.mu.Lock()
	g.living--
	g.cond.Broadcast()
	g.mu.Unlock()
}

// shut makes every opener wait and returns once all do.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state.CompareAndSwap(gateOpen, gateShut)
	for g.parked < g.living {
		g.cond.Wait()
	}
}

// open lets the openers go on, unless it is all over.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state.CompareAndSwap(gateShut, gateOpen)
	g.cond.Broadcast()
}

// end sends every opener away.
func (g *gate) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state.Store(gateOver)
	g.cond.Broadcast()
}
