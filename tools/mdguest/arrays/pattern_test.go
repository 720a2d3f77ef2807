// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"slices"
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
		if got := p.look(slices.Clone(c.block), 7); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
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

// TestCellNames: names are unique, and each personality and name finds its cells.
func TestCellNames(t *testing.T) {
	names := Names()
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	if len(slices.Compact(sorted)) != len(names) || len(names) < 100 {
		t.Errorf("%d names, %d of them different", len(names), len(slices.Compact(sorted)))
	}
	for name, want := range map[string]bool{"raid5": true, "raid10": true, "raid10-far": true, "raid5/life-1.2": true, "all": true, "raid": false, "raid5/": false, "": false} {
		if Known(name) != want {
			t.Errorf("Known(%q) is %v", name, !want)
		}
	}
}
