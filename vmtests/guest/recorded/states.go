// SPDX-License-Identifier: BSD-3-Clause

package recorded

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// fewPending is of how many pending writes all subsets are states, and someSubsets how many are of
// more, beside the extremes.
const (
	fewPending  = 6
	someSubsets = 16
)

// sector is what a disk writes whole or not at all.
const sector = 512

// State is what the disks may have after a power cut.
type State struct {
	Cuts []int // the numbers of the cuts after which they may

	there   []int  // the writes that are there, in their order
	torn    int    // one of these is there in part only, or it is none
	sectors []bool // which of its sectors are
	nothing bool   // of what is pending at a cut is there
	all     bool   // of what is pending at a cut is there
	bereft  bool   // no disk has a block that was acknowledged
}

// States returns the states after all cuts, each once. They are in a random order, but each second is
// one in which no disk has a block that was acknowledged, while there are such, then one with nothing of
// what was pending at a cut, and then with everything: whoever looks at some of them alone sees first what
// is lost most easily.
func States(events []Event, cuts []Cut, rng *rand.Rand) []State {
	c := collection{events: events, rng: rng, byKey: map[string]int{}}
	for n, cut := range cuts {
		c.addCut(n, cut)
	}
	return c.inOrder()
}

// collection is the states so far.
type collection struct {
	events []Event
	rng    *rand.Rand
	states []State
	byKey  map[string]int // a state's number by what is there
}

// addCut adds the states after a cut.
func (c *collection) addCut(n int, cut Cut) {
	add := func(is func(i int) bool, torn int, sectors []bool) {
		s := State{torn: none}
		lost := 0
		for i, w := range cut.pending {
			if is(i) {
				s.there = append(s.there, w)
			} else {
				lost++
			}
		}
		s.nothing = lost == len(cut.pending)
		s.all = torn == none && lost == 0
		s.there = append(s.there, cut.sure...)
		slices.Sort(s.there)
		if torn != none {
			s.torn, s.sectors = cut.pending[torn], sectors
		}
		s.bereft = slices.ContainsFunc(cut.due, s.lacks)
		c.add(n, s)
	}
	whole := func(is func(int) bool) { add(is, none, nil) }
	whole(func(int) bool { return false })
	whole(func(int) bool { return true })
	c.addSubsets(len(cut.pending), whole)
	for i, w := range cut.pending {
		sectors := c.tear(len(c.events[w].Data) / sector)
		if sectors == nil {
			continue
		}
		add(func(int) bool { return true }, i, sectors)
		add(func(j int) bool { return i == j }, i, sectors)
	}
}

// lacks reports whether none of some writes is there as a whole.
func (s State) lacks(writes []int) bool {
	return !slices.ContainsFunc(writes, func(w int) bool {
		_, is := slices.BinarySearch(s.there, w)
		return is && w != s.torn
	})
}

// addSubsets adds subsets of so many pending writes: all, or each with one that alone is there or missing,
// and some more.
func (c *collection) addSubsets(pending int, add func(is func(int) bool)) {
	if pending <= fewPending {
		for subset := range 1 << pending {
			add(func(i int) bool { return subset>>i&1 != 0 })
		}
		return
	}
	for i := range pending {
		add(func(j int) bool { return i == j })
		add(func(j int) bool { return i != j })
	}
	for range someSubsets {
		subset := make([]bool, pending)
		for i := range subset {
			subset[i] = c.rng.IntN(2) == 0
		}
		add(func(i int) bool { return subset[i] })
	}
}

// tear returns which sectors are there of so many, neither all nor none; nil if that cannot be.
func (c *collection) tear(n int) []bool {
	if n < 2 {
		return nil
	}
	sectors := make([]bool, n)
	for i := range sectors {
		sectors[i] = c.rng.IntN(2) == 0
	}
	sectors[c.rng.IntN(n)] = true
	if i := slices.Index(sectors, false); i < 0 {
		sectors[c.rng.IntN(n)] = false
	}
	return sectors
}

// add adds a state after a cut, unless it is one that is known: then the cut is one more of that.
func (c *collection) add(cut int, s State) {
	key := s.key()
	n, known := c.byKey[key]
	if !known {
		n = len(c.states)
		c.byKey[key] = n
		c.states = append(c.states, s)
	}
	is := &c.states[n]
	is.nothing, is.all, is.bereft = is.nothing || s.nothing, is.all || s.all, is.bereft || s.bereft
	if len(is.Cuts) == 0 || is.Cuts[len(is.Cuts)-1] != cut {
		is.Cuts = append(is.Cuts, cut)
	}
}

// key names what is there.
func (s State) key() string {
	var b []byte
	for _, w := range s.there {
		b = binary.AppendUvarint(b, uint64(w))
	}
	return fmt.Sprintf("%s/%d/%v", b, s.torn, s.sectors)
}

// inOrder returns all states, an extreme one and another by turns.
func (c *collection) inOrder() (ordered []State) {
	var bereft, bare, full, others []State
	for _, i := range c.rng.Perm(len(c.states)) {
		switch s := c.states[i]; {
		case s.bereft:
			bereft = append(bereft, s)
		case s.nothing:
			bare = append(bare, s)
		case s.all:
			full = append(full, s)
		default:
			others = append(others, s)
		}
	}
	extremes := slices.Concat(bereft, bare, full)
	for i := range max(len(extremes), len(others)) {
		if i < len(extremes) {
			ordered = append(ordered, extremes[i])
		}
		if i < len(others) {
			ordered = append(ordered, others[i])
		}
	}
	return ordered
}

// Apply has the disks be in a state. They must be as they were when the log began.
func (s State) Apply(events []Event, disks []*Disk) {
	for _, w := range s.there {
		e := events[w]
		if w != s.torn {
			disks[e.Disk].Write(e.Data, e.Offset)
			continue
		}
		for i, there := range s.sectors {
			if there {
				disks[e.Disk].Write(e.Data[i*sector:][:sector], e.Offset+int64(i*sector))
			}
		}
	}
}

// Describe says what is there and what is not of the writes that are pending at a cut.
func (s State) Describe(events []Event, cut Cut) string {
	if len(cut.pending) == 0 {
		return "nothing was pending"
	}
	var there, lost []string
	for _, w := range cut.pending {
		e := events[w]
		name := fmt.Sprintf("member %d sectors %d+%d", e.Disk, e.Offset/sector, len(e.Data)/sector)
		_, is := slices.BinarySearch(s.there, w)
		switch {
		case w == s.torn:
			there = append(there, name+" torn "+bits(s.sectors))
		case is:
			there = append(there, name)
		default:
			lost = append(lost, name)
		}
	}
	return fmt.Sprintf("of %d pending writes lost: %s; there: %s", len(cut.pending), list(lost), list(there))
}

// bits shows which sectors are there.
func bits(sectors []bool) string {
	var b strings.Builder
	for _, there := range sectors {
		b.WriteByte("01"[map[bool]int{true: 1}[there]])
	}
	return b.String()
}

// listed is how many writes are named one by one.
const listed = 8

// list lists a few writes.
func list(all []string) string {
	switch {
	case len(all) == 0:
		return "none"
	case len(all) > listed:
		return fmt.Sprintf("%s and %d more", strings.Join(all[:listed], ", "), len(all)-listed)
	}
	return strings.Join(all, ", ")
}
