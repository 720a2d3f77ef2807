// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"

	"mdlife/vmtests/guest/array"
)

// reshapeOvertakes have a reshape get past a read and a write that md has looked up the places of, but has
// to wait with: while it sends on the rest of one that spans chunks or comes to a bad block, or until a member
// is no longer blocked. They must be carried out where their blocks are now.
var reshapeOvertakes = append(rows([]string{"grow", "chunk", "chunk-back", "layout"}, func(_ int, change string) scenario {
	return overtakes{name: change, change: named(change), meet: func(a *array.Array, c array.Change) error {
		return array.Steps(a.Reshape, func() error { return cutTwo(a, c, array.RunBlocks) })
	}}.scenario()
}),
	// Since 6.12 all I/O is cut at the old chunks before md has it; at smaller ones md still cuts it itself.
	overtakes{name: "smaller", change: smallerChunks, meet: func(a *array.Array, c array.Change) error {
		return array.Steps(a.Reshape, func() error { return cutTwo(a, c, chunkBlocks) })
	}}.scenario(),
	overtakes{name: "begin", change: named("grow"), meet: beginUnder}.scenario(),
	overtakes{name: "bad", change: named("chunk"), meet: func(a *array.Array, c array.Change) error {
		_, first := a.Data.FirstRuns(c.Move < 0)
		return array.Steps(
			func() error { return a.RecordBad(first, chunkBlocks, chunkBlocks/2) },
			func() error { return writeOther(a, first, chunkBlocks) },
			a.Reshape,
			func() error {
				return a.Overtake(a.HoldInTheMiddle, array.CutIO{First: first, Blocks: chunkBlocks, Write: true})
			})
	}}.scenario(),
	overtakes{name: "blocked", change: named("chunk"), meet: func(a *array.Array, c array.Change) error {
		_, first := a.Data.FirstRuns(c.Move < 0)
		return array.Steps(
			func() error { return writeOther(a, first, array.RunBlocks) },
			a.Reshape,
			func() error { return a.WriteWhileBlocked(a.First(), run(first), a.HoldInTheMiddle) })
	}}.scenario())

// chunkBlocks are the blocks of a chunk.
const chunkBlocks = array.ChunkKiB << 10 / array.BlockSize

// overtakes is a reshape that gets past I/O.
type overtakes struct {
	name   string
	change func(array.Personality) (array.Change, bool)
	meet   func(*array.Array, array.Change) error // begins the reshape, which is prepared
}

func (o overtakes) scenario() scenario {
	on := func(p array.Personality) bool {
		_, has := o.change(p)
		return p.IsRaid10() && has
	}
	return scenario{name: "reshape-overtakes-" + o.name, on: on, company: array.NoCompany, run: o.run}
}

func (o overtakes) run(a *array.Array) (string, error) {
	c, _ := o.change(a.Personality)
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	return "I/O has found its blocks", array.Steps(
		a.Step("create", a.Create(recipe), a.StayActive),
		a.Step("write", a.BeOwn, a.Write),
		a.Step("prepare a reshape", func() error { return a.Prepare(c) }),
		a.Unwatched(a.Step("I/O is overtaken", func() error { return o.meet(a, c) })),
		a.Step("read all", a.Verify),
		a.Step("end the reshape", a.EndReshape, a.Verify, a.CheckMembersAgree),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

func named(change string) func(array.Personality) (array.Change, bool) {
	return func(p array.Personality) (array.Change, bool) { return p.ChangeNamed(change) }
}

// smallerChunks are chunks of half the size.
func smallerChunks(p array.Personality) (c array.Change, has bool) {
	c, has = p.ChangeNamed("chunk")
	c.Chunk = array.ChunkKiB / 2
	return c, has
}

// cutTwo has a read and a write of so many blocks be cut, and lets the reshape go on to its middle meanwhile.
func cutTwo(a *array.Array, c array.Change, blocks int) error {
	one, other := a.Data.FirstRuns(c.Move < 0)
	return array.Steps(
		func() error { return writeOther(a, other, blocks) },
		func() error {
			return a.Overtake(a.HoldInTheMiddle,
				array.CutIO{First: one, Blocks: blocks}, array.CutIO{First: other, Blocks: blocks, Write: true})
		})
}

// beginUnder has a reshape begin while a read and a write have looked up their places, and are not submitted yet.
func beginUnder(a *array.Array, c array.Change) error {
	one, other := a.Data.FirstRuns(c.Move < 0)
	if err := writeOther(a, other, chunkBlocks); err != nil {
		return err
	}
	var begin *array.Call
	err := a.Overtake(
		func() error {
			begin = array.Begin("reshape > md/sync_action", a.BeginChange)
			return a.Held(begin)
		},
		array.CutIO{First: one, Blocks: chunkBlocks, Placed: true},
		array.CutIO{First: other, Blocks: chunkBlocks, Write: true, Placed: true})
	if begin == nil {
		return err
	}
	return errors.Join(err, begin.End(array.CallLimit))
}

// writeOther has some blocks be of another writing than the rest.
func writeOther(a *array.Array, first uint64, blocks int) error {
	other := array.Pattern{Generation: a.Data.Generation + 1}
	for i := range blocks {
		if err := other.WriteBlock(a.Dev(), first+uint64(i)); err != nil {
			return err
		}
	}
	return nil
}

// run returns the blocks of a run of the pattern, from its first.
func run(first uint64) (blocks []uint64) {
	for i := range uint64(array.RunBlocks) {
		blocks = append(blocks, first+i)
	}
	return blocks
}
