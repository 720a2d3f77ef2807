// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/recorded"
)

// blockOf returns block 3 as a writing has it.
func blockOf(writing uint64) []byte {
	buf := make([]byte, array.BlockSize)
	array.Pattern{Generation: writing}.Fill(buf, 3)
	return buf
}

// TestJudge: what an acknowledged block may be, and one that was being written.
func TestJudge(t *testing.T) {
	mixed := slices.Concat(blockOf(3)[:512], blockOf(2)[512:1024], blockOf(3)[1024:])
	for _, c := range []struct {
		name  string
		begun []uint64
		lossy bool
		is    []byte
		want  string
	}{
		{"there", nil, false, blockOf(2), ""},
		{"lost", nil, false, blockOf(1), "block 3, last acknowledged as writing 2, is of writing 1, not 2"},
		{"lost, and nothing was under way", nil, true, blockOf(1), "is of writing 1, not 2"},
		{"torn", nil, false, mixed, "is of writing 3, not 2"},
		{"still the last", []uint64{3}, false, blockOf(2), ""},
		{"the next", []uint64{3}, false, blockOf(3), ""},
		{"torn between them", []uint64{3}, false, mixed, ""},
		{"torn between others", []uint64{4}, false, mixed, "begun since as [4]"},
		{"older", []uint64{3, 4}, false, blockOf(1), "begun since as [3 4]"},
		{"anything, where that may be", []uint64{3}, true, blockOf(1), ""},
	} {
		d := due{sure: map[uint64]uint64{3: 2}, begun: map[uint64][]uint64{3: c.begun}}
		if got := d.judge(c.is, 3, c.lossy); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q instead of %q", c.name, got, c.want)
		}
	}
}

// writeAndFlush is a log of a disk that is an array of its own: two writings of block 3, the second
// of which is acknowledged after a flush of the disk.
func writeAndFlush() []recorded.Event {
	const at = 3 * array.BlockSize
	return []recorded.Event{
		{Kind: recorded.BlockBegun, Block: 3, Writing: 2},
		{Kind: recorded.WriteBegun, Offset: at, Data: blockOf(2)},
		{Kind: recorded.WriteEnded, Of: 1},
		{Kind: recorded.FlushBegun},
		{Kind: recorded.FlushEnded, Of: 3},
		{Kind: recorded.BlockSure, Block: 3, Writing: 2},
		{Kind: recorded.BlockBegun, Block: 3, Writing: 3},
		{Kind: recorded.WriteBegun, Offset: at, Data: blockOf(3)},
		{Kind: recorded.WriteEnded, Of: 7},
		{Kind: recorded.FlushBegun},
		{Kind: recorded.FlushEnded, Of: 9},
		{Kind: recorded.BlockSure, Block: 3, Writing: 3},
	}
}

// losses tries all states of a log, and returns what is wrong.
func losses(events []recorded.Event) (wrong []string) {
	cuts := recorded.Cuts(events)
	all := dues(map[uint64]uint64{3: 1}, events, cuts)
	states := recorded.States(events, cuts, rand.New(rand.NewPCG(1, 2)))
	d := recorded.NewDisk(0, 1<<20, &recorded.Log{})
	d.Write(blockOf(1), 3*array.BlockSize)
	d.Keep()
	buf := make([]byte, array.BlockSize)
	for _, s := range states {
		d.Revert()
		s.Apply(events, []*recorded.Disk{d})
		d.Read(buf, 3*array.BlockSize)
		for _, cut := range s.Cuts {
			if w := all[cut].judge(buf, 3, false); w != "" {
				wrong = append(wrong, w)
			}
		}
	}
	return wrong
}

// TestALossIsSeen: nothing is lost of what was flushed before it was acknowledged. It is seen if an
// array does not flush, or only begins to, or flushes before the write has ended, or if a disk does
// not write what it flushes.
func TestALossIsSeen(t *testing.T) {
	if wrong := losses(writeAndFlush()); len(wrong) > 0 {
		t.Errorf("a flush before each acknowledgement, and yet: %v", wrong)
	}
	for _, c := range []struct {
		name  string
		spoil func([]recorded.Event)
	}{
		{"no flush", func(e []recorded.Event) {
			e[9], e[10] = recorded.Event{Kind: recorded.BlockBegun, Block: 4}, recorded.Event{Kind: recorded.BlockBegun, Block: 4}
		}},
		{"the flush has not ended", func(e []recorded.Event) { e[10], e[11] = e[11], e[10] }},
		{"the flush begins before the write ends", func(e []recorded.Event) { e[8], e[9] = e[9], e[8]; e[10].Of = 8 }},
		{"another disk's flush", func(e []recorded.Event) { e[9].Disk = 1 }},
		{"the disk writes something else", func(e []recorded.Event) { e[7].Data = blockOf(2) }},
	} {
		events := writeAndFlush()
		c.spoil(events)
		if len(losses(events)) == 0 {
			t.Errorf("%s: no loss was seen", c.name)
		}
	}
}
