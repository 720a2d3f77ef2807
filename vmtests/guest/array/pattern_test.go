// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"slices"
	"testing"
)

// TestPatternTellsWhatIsWrong: a block that is elsewhere, old, torn or changed in one
// bit is told apart.
func TestPatternTellsWhatIsWrong(t *testing.T) {
	p := Pattern{Generation: 2, Size: 1 << 20}
	good, old, other := make([]byte, BlockSize), make([]byte, BlockSize), make([]byte, BlockSize)
	p.Fill(good, 7)
	p.Fill(other, 8)
	(Pattern{Generation: 1}).Fill(old, 7)
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
		{"empty", make([]byte, BlockSize), "is no block of ours"},
	} {
		if got := p.Inspect(c.block, 7); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestBodiesDiffer: no two blocks of a writing have the same body, nor have two writings of
// a block, or a torn one would be taken for whole.
func TestBodiesDiffer(t *testing.T) {
	const many = 1000
	at := func(p Pattern, n uint64) *byte { return &p.body(n)[0] }
	blocks, writings := map[*byte]bool{}, map[*byte]bool{}
	for i := range uint64(many) {
		blocks[at(Pattern{Generation: 1}, i)] = true
		writings[at(Pattern{Generation: i + 1}, 7)] = true
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
		blocks[writing] = make([]byte, BlockSize)
		Pattern{Generation: writing}.Fill(blocks[writing], 7)
	}
	front, back := slices.Concat(blocks[3][:512], blocks[2][512:]), slices.Concat(blocks[2][:512], blocks[3][512:])
	for _, c := range []struct {
		name  string
		block []byte
		want  bool
	}{
		{"before", blocks[2], true}, {"after", blocks[3], true}, {"front only", front, true}, {"back only", back, true},
		{"older", blocks[1], false}, {"empty", make([]byte, BlockSize), false},
	} {
		if got := IsOf(c.block, 7, 2) || IsOf(c.block, 7, 3); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestPatternCoversTheDevice: from the first block to the last run.
func TestPatternCoversTheDevice(t *testing.T) {
	for _, size := range []int64{RunBlocks * BlockSize, 12 << 20, 190 << 20} {
		runs := Pattern{Size: size}.runs()
		last := runs[len(runs)-1] + RunBlocks
		if runs[0] != 0 || int64(last)*BlockSize != size || len(runs) > maxRuns || !slices.IsSorted(runs) {
			t.Errorf("%d bytes: from %d to %d in %d runs", size, runs[0], last, len(runs))
		}
	}
}
