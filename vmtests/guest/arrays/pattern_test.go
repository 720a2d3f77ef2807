// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"slices"
	"strings"
	"testing"
)

// TestPatternTellsWhatIsWrong: a block that is elsewhere, old, torn or changed in one
// bit is told apart.
func TestPatternTellsWhatIsWrong(t *testing.T) {
	p := pattern{generation: 2, size: 1 << 20}
	good, old, other := make([]byte, blockSize), make([]byte, blockSize), make([]byte, blockSize)
	p.fill(good, 7)
	p.fill(other, 8)
	(pattern{generation: 1}).fill(old, 7)
	torn := slices.Concat(good[:512], old[512:])
	bit := slices.Clone(good)
	bit[4000] ^= 4
	for _, c := range []struct {
		name  string
		block []byte
		want  string
	}{
		{"good", good, ""},
		{"old", old, "is of writing 1, not 2"},
		{"other", other, "is block 8"},
		{"torn", torn, "is torn, or changed"},
		{"bit", bit, "is torn, or changed"},
		{"empty", make([]byte, blockSize), "is no block of ours"},
	} {
		if got := p.look(c.block, 7); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestBodiesDiffer: no two blocks of a writing have the same body, nor have two writings of
// a block, or a torn one would be taken for whole.
func TestBodiesDiffer(t *testing.T) {
	const many = 1000
	at := func(p pattern, n uint64) *byte { return &p.body(n)[0] }
	blocks, writings := map[*byte]bool{}, map[*byte]bool{}
	for i := range uint64(many) {
		blocks[at(pattern{generation: 1}, i)] = true
		writings[at(pattern{generation: i + 1}, 7)] = true
	}
	if len(blocks) != many || len(writings) != many {
		t.Errorf("%d blocks have %d bodies, as many writings of one have %d", many, len(blocks), len(writings))
	}
}

// TestIsOf: a block that was being written may be torn at any sector, but not of
// another writing altogether.
func TestIsOf(t *testing.T) {
	blocks := map[uint64][]byte{}
	for _, writing := range []uint64{1, 2, 3} {
		blocks[writing] = make([]byte, blockSize)
		pattern{generation: writing}.fill(blocks[writing], 7)
	}
	front, back := slices.Concat(blocks[3][:512], blocks[2][512:]), slices.Concat(blocks[2][:512], blocks[3][512:])
	for _, c := range []struct {
		name  string
		block []byte
		want  bool
	}{
		{"before", blocks[2], true}, {"after", blocks[3], true}, {"front only", front, true}, {"back only", back, true},
		{"older", blocks[1], false}, {"empty", make([]byte, blockSize), false},
	} {
		if got := isOf(c.block, 7, 2) || isOf(c.block, 7, 3); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestPatternCoversTheDevice: from the first block to the last run.
func TestPatternCoversTheDevice(t *testing.T) {
	for _, size := range []int64{runBlocks * blockSize, 12 << 20, 190 << 20} {
		runs := pattern{size: size}.runs()
		last := runs[len(runs)-1] + runBlocks
		if runs[0] != 0 || int64(last)*blockSize != size || len(runs) > maxRuns || !slices.IsSorted(runs) {
			t.Errorf("%d bytes: from %d to %d in %d runs", size, runs[0], last, len(runs))
		}
	}
}

// TestLongestFirst: the cells that take longest come first, and none is lost.
func TestLongestFirst(t *testing.T) {
	all := cells()
	ordered := longestFirst(all)
	cuts := func(c cell) bool { return strings.Contains(c.name, "/power") }
	n := slices.IndexFunc(ordered, func(c cell) bool { return !cuts(c) })
	if n < 10 || len(ordered) != len(all) || slices.ContainsFunc(ordered[n:], cuts) {
		t.Errorf("%d of %d cells that cut the power come first, of %d", n, len(ordered), len(all))
	}
}

// TestChoose: a cell's name chooses that alone, a personality's all of its cells.
func TestChoose(t *testing.T) {
	var names []string
	for _, c := range cells() {
		if slices.Contains(names, c.name) {
			t.Errorf("%s is there twice", c.name)
		}
		names = append(names, c.name)
	}
	of := func(personality string) (n int) {
		for _, name := range names {
			if strings.HasPrefix(name, personality) {
				n++
			}
		}
		return n
	}
	for want, n := range map[string]int{
		"all": len(names), "raid5": of("raid5/"), "raid10": of("raid10-"), "raid10-far": of("raid10-far/"), "raid5/life-1.2": 1,
	} {
		if got, err := choose([]string{want}); err != nil || len(got) != n || n == 0 {
			t.Errorf("%s chooses %d cells, want %d (%v)", want, len(got), n, err)
		}
	}
	for want, message := range map[string]string{
		"raid": "no personality or cell is called raid; personalities are linear, raid0, raid1, raid4,", "": "personalities are", "raid1/": "raid1 has no cell ;",
		"raid5/nosuch": "raid5 has no cell nosuch; there are life-0.90,", "raid55/life-1.2": "personalities are",
	} {
		if err := Check("raid1", want); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
