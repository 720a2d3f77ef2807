// SPDX-License-Identifier: BSD-3-Clause

package recorded

import (
	"fmt"
	"slices"
)

// Cut is a moment at which the power may go: behind so many events.
type Cut struct {
	At   int
	What string

	sure    []int   // the writes that each disk must have then
	pending []int   // those that may be lost
	due     [][]int // of each block that was acknowledged, and not begun anew: the writes that have it
}

// Cuts returns the moments that matter: before each flush of a disk, after it, just before a write past the
// cache is there for sure, and whenever the workload has just been told that something is sure.
func Cuts(events []Event) (all []Cut) {
	t := tracker{
		events: events, ended: map[int]bool{}, sure: map[int]bool{}, covered: map[int][]int{},
		begun: map[uint64]string{}, due: map[uint64]string{}, writes: map[string][]int{},
	}
	for i, e := range events {
		switch {
		case e.Kind == FlushBegun:
			all = append(all, t.cut(i, fmt.Sprintf("before a flush of member %d", e.Disk)))
		case e.Kind == WriteEnded && events[e.Of].FUA:
			all = append(all, t.cut(i, fmt.Sprintf("before a write past the cache of member %d has ended", e.Disk)))
		}
		t.pass(i)
		switch e.Kind {
		case FlushEnded:
			all = append(all, t.cut(i+1, fmt.Sprintf("after a flush of member %d", e.Disk)))
		case BlockSure:
			all = append(all, t.cut(i+1, fmt.Sprintf("after writing %d of block %d was acknowledged", e.Writing, e.Block)))
		}
	}
	return all
}

// tracker follows a log, and knows which writes a disk cannot lose any more.
type tracker struct {
	events  []Event
	ended   map[int]bool  // writes that have ended
	sure    map[int]bool  // and are on the disk
	covered map[int][]int // by a flush: the writes that had ended when it began

	begun, due map[uint64]string // the content of each block that is being written, and that was acknowledged
	writes     map[string][]int  // that have a block's content
}

// pass goes beyond an event.
func (t *tracker) pass(i int) {
	switch e := t.events[i]; e.Kind {
	case BlockBegun:
		t.begun[e.Block] = string(e.Data)
		delete(t.due, e.Block)
	case BlockSure:
		if content, known := t.begun[e.Block]; known {
			t.due[e.Block] = content
		}
	case WriteBegun:
		for piece := range slices.Chunk(e.Data, pageSize) {
			t.writes[string(piece)] = append(t.writes[string(piece)], i)
		}
	case WriteEnded:
		t.ended[e.Of] = true
		t.sure[e.Of] = t.sure[e.Of] || t.events[e.Of].FUA
	case FlushBegun:
		for w := range t.ended {
			if t.events[w].Disk == e.Disk && !t.sure[w] {
				t.covered[i] = append(t.covered[i], w)
			}
		}
	case FlushEnded:
		for _, w := range t.covered[e.Of] {
			t.sure[w] = true
		}
	}
}

// cut returns the cut behind so many events.
func (t *tracker) cut(at int, what string) Cut {
	c := Cut{At: at, What: what}
	for _, content := range t.due {
		c.due = append(c.due, t.writes[content])
	}
	for i, e := range t.events[:at] {
		if e.Kind != WriteBegun {
			continue
		}
		if t.sure[i] {
			c.sure = append(c.sure, i)
		} else {
			c.pending = append(c.pending, i)
		}
	}
	return c
}
