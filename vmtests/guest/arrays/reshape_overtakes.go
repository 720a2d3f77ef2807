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
	return overtakes(change, change, func(a *array.Array, c array.Change) error {
		one, other := a.Data.FirstRuns(c.Move < 0)
		return array.Steps(
			func() error { return writeOther(a, other, array.RunBlocks) },
			func() error {
				return a.Overtake(a.HoldInTheMiddle,
					array.CutIO{First: one, Blocks: array.RunBlocks}, array.CutIO{First: other, Blocks: array.RunBlocks, Write: true})
			})
	})
}),
	overtakes("bad", "chunk", func(a *array.Array, _ array.Change) error {
		_, first := a.Data.FirstRuns(false)
		return array.Steps(
			func() error { return a.RecordBad(first, chunkBlocks, chunkBlocks/2) },
			func() error { return writeOther(a, first, chunkBlocks) },
			func() error {
				return a.Overtake(a.HoldInTheMiddle, array.CutIO{First: first, Blocks: chunkBlocks, Write: true})
			})
	}),
	overtakes("blocked", "chunk", func(a *array.Array, _ array.Change) error {
		_, first := a.Data.FirstRuns(false)
		return array.Steps(
			func() error { return writeOther(a, first, array.RunBlocks) },
			func() error { return writeWhileBlocked(a, first, a.HoldInTheMiddle) })
	}))

// chunkBlocks are the blocks of a chunk.
const chunkBlocks = array.ChunkKiB << 10 / array.BlockSize

// overtakes is a scenario of such a reshape, which is held before its first row.
func overtakes(name, change string, meet func(*array.Array, array.Change) error) scenario {
	on := func(p array.Personality) bool { return p.IsRaid10() && array.HasChange(change)(p) }
	return scenario{name: "reshape-overtakes-" + name, on: on, company: array.NoCompany, run: func(a *array.Array) (string, error) {
		c, _ := a.Personality.ChangeNamed(change)
		recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
		return "I/O has found its blocks", array.Steps(
			a.Step("create", a.Create(recipe), a.StayActive),
			a.Step("write", a.BeOwn, a.Write, a.SettleUdev),
			a.Step("reshape", func() error { return a.Prepare(c) }, a.Reshape),
			a.Unwatched(a.Step("I/O is overtaken", func() error { return meet(a, c) })),
			a.Step("read all", a.Verify),
			a.Step("end the reshape", a.EndReshape, a.Verify, a.CheckMembersAgree),
			a.Step("stop", a.Stop(array.ByIoctl)),
		)
	}}
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

// writeWhileBlocked has writes of a run wait for a member, does something, and lets them go on.
func writeWhileBlocked(a *array.Array, first uint64, do func() error) error {
	if err := eachFirst(a, "blocked"); err != nil {
		return err
	}
	var blocks []uint64
	for i := range uint64(array.RunBlocks) {
		blocks = append(blocks, first+i)
	}
	writes := a.RewriteBlocks(blocks...)
	err := array.Steps(func() error { return a.AllWait(writes) }, do)
	if err := errors.Join(err, eachFirst(a, "-blocked")); err != nil {
		return err
	}
	return writes.End()
}

// eachFirst writes a word to each first member's state.
func eachFirst(a *array.Array, word string) error {
	for _, m := range a.First() {
		if err := a.Set(array.MemberDir(m)+"/state", word); err != nil {
			return err
		}
	}
	return nil
}
