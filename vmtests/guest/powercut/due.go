// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/recorded"
)

// due is what must be there after a power cut: of each block the writing that was acknowledged last,
// or, if it was being written, what was begun since.
type due struct {
	sure  map[uint64]uint64
	begun map[uint64][]uint64
}

// dues returns what is due after each of some cuts of a log, whose blocks had these writings at first.
func dues(first map[uint64]uint64, events []recorded.Event, cuts []recorded.Cut) []due {
	now := due{sure: maps.Clone(first), begun: map[uint64][]uint64{}}
	var all []due
	at := 0
	for _, cut := range cuts {
		for ; at < cut.At; at++ {
			now.pass(events[at])
		}
		all = append(all, due{sure: maps.Clone(now.sure), begun: maps.Clone(now.begun)})
	}
	return all
}

// pass goes beyond an event. A writer has its own blocks, so that what was begun of a block before
// an acknowledgement is the writing that is acknowledged, or one before that.
func (d due) pass(e recorded.Event) {
	switch e.Kind {
	case recorded.BlockBegun:
		d.begun[e.Block] = append(slices.Clone(d.begun[e.Block]), e.Writing)
	case recorded.BlockSure:
		d.sure[e.Block] = e.Writing
		delete(d.begun, e.Block)
	}
}

// judge returns what is wrong with a block, "" for nothing. Where lossy is set, a block that was being
// written may have anything on it.
func (d due) judge(buf []byte, block uint64, lossy bool) string {
	sure, begun := d.sure[block], d.begun[block]
	wrong := array.Pattern{Generation: sure}.Inspect(buf, block)
	if wrong == "" || lossy && len(begun) > 0 || isMixOf(buf, block, append([]uint64{sure}, begun...)) {
		return ""
	}
	text := fmt.Sprintf("block %d, last acknowledged as writing %d", block, sure)
	if len(begun) > 0 {
		text += fmt.Sprintf(" and begun since as %v", begun)
	}
	return text + ", " + wrong
}

// sectorSize is what a disk writes whole or not at all.
const sectorSize = 512

// isMixOf reports whether each sector of a block is of one of these writings.
func isMixOf(buf []byte, block uint64, writings []uint64) bool {
	fits := make([]bool, len(buf)/sectorSize)
	is := make([]byte, array.BlockSize)
	for _, w := range writings {
		array.Pattern{Generation: w}.Fill(is, block)
		for i := range fits {
			piece := i * sectorSize
			fits[i] = fits[i] || bytes.Equal(buf[piece:][:sectorSize], is[piece:][:sectorSize])
		}
	}
	return !slices.Contains(fits, false)
}
