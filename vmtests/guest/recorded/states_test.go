// SPDX-License-Identifier: BSD-3-Clause

package recorded

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// logOf makes a log of words: "w0" a disk begins to write a sector, "W0" two, "f0" with FUA, "e3" the end of
// event 3, "F0" a flush begins, "E4" it ends, "S" something is sure, "b5" a block begins to be written that
// event 5 will write.
func logOf(words string) (events []Event) {
	for i, word := range strings.Fields(words) {
		n := 0
		fmt.Sscanf(word[1:], "%d", &n)
		e := map[byte]Event{
			'w': {Kind: WriteBegun, Disk: n, Data: make([]byte, sector)},
			'W': {Kind: WriteBegun, Disk: n, Data: make([]byte, 2*sector)},
			'f': {Kind: WriteBegun, Disk: n, Data: make([]byte, sector), FUA: true},
			'e': {Kind: WriteEnded, Of: n},
			'F': {Kind: FlushBegun, Disk: n},
			'E': {Kind: FlushEnded, Of: n},
			'S': {Kind: BlockSure},
			'b': {Kind: BlockBegun, Data: make([]byte, sector)},
		}[word[0]]
		e.Offset = int64(i) * 2 * sector
		for j := range e.Data {
			e.Data[j] = byte(i + 1)
			if e.Kind == BlockBegun {
				e.Data[j] = byte(n + 1)
			}
		}
		if e.Kind == WriteEnded || e.Kind == FlushEnded {
			e.Disk = events[n].Disk
		}
		events = append(events, e)
	}
	return events
}

// TestCuts: which writes are there for sure after each cut, and which may be lost.
func TestCuts(t *testing.T) {
	for _, c := range []struct{ name, log, want string }{
		{"flushed", "w0 e0 F0 E2 S", "2:[]/[0] 4:[0]/[] 5:[0]/[]"},
		{"not flushed", "w0 e0 S", "3:[]/[0]"},
		{"flush under way", "w0 e0 F0 S", "2:[]/[0] 4:[]/[0]"},
		{"not ended before the flush", "w0 F0 e0 E1 S", "1:[]/[0] 4:[]/[0] 5:[]/[0]"},
		{"ended after the flush began, and flushed again", "w0 F0 e0 E1 F0 E4", "1:[]/[0] 4:[]/[0] 4:[]/[0] 6:[0]/[]"},
		{"another disk's flush", "w0 e0 F1 E2 S", "2:[]/[0] 4:[]/[0] 5:[]/[0]"},
		{"FUA", "f0 e0 S", "1:[]/[0] 3:[0]/[]"},
		{"FUA under way", "f0 S", "2:[]/[0]"},
		{"FUA does not flush what was before", "w0 e0 f0 e2 S", "3:[]/[0 2] 5:[2]/[0]"},
	} {
		var got []string
		for _, cut := range Cuts(logOf(c.log)) {
			got = append(got, fmt.Sprintf("%d:%v/%v", cut.At, cut.sure, cut.pending))
		}
		if is := strings.Join(got, " "); is != c.want {
			t.Errorf("%s: %s instead of %s", c.name, is, c.want)
		}
	}
}

// statesOf names the states of a log.
func statesOf(log string) (names []string) {
	events := logOf(log)
	for _, s := range States(events, Cuts(events), rand.New(rand.NewPCG(1, 2))) {
		name := fmt.Sprint(s.there)
		if s.torn != none {
			name += fmt.Sprintf("torn %d %s", s.torn, bits(s.sectors))
		}
		names = append(names, fmt.Sprintf("%s@%v", name, s.Cuts))
	}
	slices.Sort(names)
	return names
}

// TestStates: a log has just these states, each after these cuts.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		log  string
		want []string
	}{
		{"f0 e0 S", []string{"[0]@[0 1]", "[]@[0]"}},
		{"w0 e0 S", []string{"[0]@[0]", "[]@[0]"}},
		{"w0 w1 e0 e1 S", []string{"[0 1]@[0]", "[0]@[0]", "[1]@[0]", "[]@[0]"}},
		// After disk 0's flush, only disk 1 may have lost something: two of the states before.
		{"w0 w1 e0 e1 F0 E4", []string{"[0 1]@[0 1]", "[0]@[0 1]", "[1]@[0]", "[]@[0]"}},
	} {
		if got := statesOf(c.log); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v instead of %v", c.log, got, c.want)
		}
	}
}

// TestTorn: a write of two sectors may be there by half, whatever has become of the others.
func TestTorn(t *testing.T) {
	got := statesOf("W0 w1 S")
	torn := slices.DeleteFunc(slices.Clone(got), func(name string) bool { return !strings.Contains(name, "torn 0") })
	if len(torn) != 2 || len(got) != 4+2 {
		t.Errorf("%v", got)
	}
	for _, name := range torn {
		if !strings.Contains(name, "01") && !strings.Contains(name, "10") {
			t.Errorf("%s is not torn", name)
		}
	}
}

// TestSomeSubsets: of many pending writes there are the extremes, and some others.
func TestSomeSubsets(t *testing.T) {
	const n = 8
	got := statesOf(strings.Repeat("w0 ", n) + "S")
	if len(got) <= 2+2*n || len(got) > 2+2*n+someSubsets {
		t.Errorf("%d states of %d pending writes", len(got), n)
	}
	for _, want := range []string{"[]@[0]", "[0 1 2 3 4 5 6 7]@[0]", "[3]@[0]", "[0 1 2 4 5 6 7]@[0]"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// TestStatesOrder: each second state is an extreme one while there are such, those with nothing first, each is
// there once, and the order depends on the random numbers alone.
func TestStatesOrder(t *testing.T) {
	events := logOf(strings.Repeat("w0 w1 w2 S ", 6))
	order := func() (keys []string, states []State) {
		states = States(events, Cuts(events), rand.New(rand.NewPCG(1, 2)))
		for _, s := range states {
			keys = append(keys, s.key())
		}
		return keys, states
	}
	keys, states := order()
	if !states[0].nothing {
		t.Error("the first state has something")
	}
	for i, s := range states[:14] { // nothing, which is the same at all 6 cuts, and everything at each
		if (s.nothing || s.all) != (i%2 == 0) {
			t.Errorf("state %d of %d: nothing is there %t, everything %t", i, len(states), s.nothing, s.all)
		}
	}
	if again, _ := order(); !slices.Equal(keys, again) {
		t.Error("the same random numbers give another order")
	}
	slices.Sort(keys)
	if n := len(slices.Compact(slices.Clone(keys))); n != len(keys) {
		t.Errorf("%d states are there twice", len(keys)-n)
	}
}

// TestBereftFirst: the first states are those in which no disk has what was acknowledged.
func TestBereftFirst(t *testing.T) {
	for _, c := range []struct{ log, want string }{
		{"w0 e0 F0 E2 b5 w1 e5 S w0 e8 F0 E10", "[0 8] [0]"},
		{"b1 w0 e1 S b5 w0 F0 E6", "[]"}, // who has begun it anew, does not rely on it
		{"b1 w0 e1 F0 E3 S", ""},
	} {
		events := logOf(c.log)
		for seed := range uint64(20) {
			var bereft []string
			for i, s := range States(events, Cuts(events), rand.New(rand.NewPCG(seed, 0))) {
				if !s.bereft {
					continue
				}
				if bereft = append(bereft, fmt.Sprint(s.there)); len(bereft) != i+1 { // there are no others between
					t.Errorf("%s: state %d is the %d. that is bereft", c.log, i+1, len(bereft))
				}
			}
			slices.Sort(bereft)
			if got := strings.Join(bereft, " "); got != c.want {
				t.Errorf("%s: %s instead of %s", c.log, got, c.want)
			}
		}
	}
}

// TestApply: a disk in a state has what is there, by sectors, and nothing else.
func TestApply(t *testing.T) {
	events := logOf("W0 w0 W0")
	d := NewDisk(0, 1<<20, &Log{})
	s := State{there: []int{0, 2}, torn: 2, sectors: []bool{false, true}}
	s.Apply(events, []*Disk{d})
	for i, want := range []byte{1, 1, 0, 0, 0, 3} {
		got := make([]byte, sector)
		d.Read(got, int64(i)*sector)
		if got[0] != want || got[sector-1] != want {
			t.Errorf("sector %d has %d, and not %d", i, got[0], want)
		}
	}
	text := s.Describe(events, Cut{pending: []int{1, 2}})
	if want := "of 2 pending writes lost: member 0 sectors 2+1; there: member 0 sectors 4+2 torn 01"; text != want {
		t.Errorf("%q instead of %q", text, want)
	}
}
