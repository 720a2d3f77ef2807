// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"slices"

	"mdlife/vmtests/guest/array"
)

// reshapeUnreadable reshape an array one block of which no member can give any more, and nothing can be
// computed from. The reshape must end, and the block must get an error ever after: never what is
// elsewhere. Nothing else may be lost.
var reshapeUnreadable = rows([]string{"grow", "chunk"}, func(_ int, change string) scenario {
	return scenario{name: "reshape-unreadable-" + change, on: array.HasChange(change), last: true, company: array.MayFail, run: func(a *array.Array) (string, error) {
		c, _ := a.Personality.ChangeNamed(change)
		return reshapeWithout(a, c)
	}}
})

func reshapeWithout(a *array.Array, c array.Change) (string, error) {
	block := uint64(array.RunBlocks/2 + a.Rand.IntN(array.RunBlocks/2)) // of the first run
	disks := make([]*array.Mapped, a.Personality.Disks)
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	return fmt.Sprintf("block %d gets an error", block), array.Steps(
		a.Step("make disks", func() error { return useDusts(a, disks) }),
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.BeOwn, a.Write),
		a.Step(fmt.Sprintf("lose block %d", block), func() error { return a.Prepare(c) }, func() error { return loseBlock(a, disks, block) }),
		a.Step("reshape", a.Reshape, a.EndReshape),
		a.Step("read all", array.Timely("a read", func() error { return checkLost(a, block) })),
		a.Step("stop", array.Timely("a stop", a.Stop(array.ByIoctl))),
	)
}

// reshapeKnownBad reshapes a raid10 with a bad block on record, which is not even tried. What is written
// over it has its own place, and nothing bad about it.
var reshapeKnownBad = scenario{name: "reshape-known-bad", on: func(p array.Personality) bool {
	return p.IsRaid10() && array.HasChange("grow")(p)
}, run: func(a *array.Array) (string, error) {
	c, _ := a.Personality.ChangeNamed("grow")
	block := uint64(2*array.RunBlocks + a.Rand.IntN(array.RunBlocks)) // others are moved to its place
	return fmt.Sprintf("block %d gets an error", block), array.Steps(
		a.Step("create", a.Create(array.Recipe{Clean: true, More: []string{array.DataOffset}})),
		a.Step("write", a.BeOwn, a.Write),
		// Debian 12's mdadm cannot add a member to an array with a bad block on record (docs/found.md).
		a.Step("add members", func() error { return a.Prepare(c) }),
		a.Step(fmt.Sprintf("record block %d as bad", block), func() error { return recordBad(a, block) },
			func() error { return checkLost(a, block) }),
		a.Step("reshape", a.Reshape, a.EndReshape),
		a.Step("read all", array.Timely("a read", func() error { return checkLost(a, block) })),
		a.Step("stop", array.Timely("a stop", a.Stop(array.ByIoctl))),
	)
}}

// recordBad writes all copies of a block into the members' lists of bad blocks.
func recordBad(a *array.Array, block uint64) error {
	all, err := a.Data.Places(a.First())
	if err != nil {
		return err
	}
	for _, p := range all[block] {
		const sector = 512
		bad := fmt.Sprintf("%d %d", p.Offset/sector, array.BlockSize/sector)
		if err := a.Set(array.MemberDir(p.Node)+"/bad_blocks", bad); err != nil {
			return err
		}
	}
	return nil
}

// useDusts makes disks that can be told not to read a block until it is written.
func useDusts(a *array.Array, disks []*array.Mapped) (err error) {
	for i := range disks {
		if disks[i], err = a.UseDustBefore(i, array.BlockSize); err != nil {
			return err
		}
	}
	return nil
}

// loseBlock has no member read the block, nor the parity that belongs to it.
func loseBlock(a *array.Array, disks []*array.Mapped, block uint64) error {
	all, err := a.Data.Places(a.First())
	if err != nil {
		return err
	}
	places := slices.Clone(all[block])
	if len(places) == 0 {
		return fmt.Errorf("block %d is on no member", block)
	}
	if a.Personality.Parity() {
		parity, err := a.Data.ParityBeside(places[0], a.First())
		if err != nil {
			return err
		}
		places = append(places, parity...)
	}
	for _, p := range places {
		const sector = 512
		if err := disks[p.Member].Dust(int(p.Offset)/sector, int(p.Offset+array.BlockSize)/sector); err != nil {
			return err
		}
	}
	return nil
}

// checkLost fails unless the block gets an error, and nothing else does.
func checkLost(a *array.Array, block uint64) error {
	got, err := a.Data.Unreadable(a.Dev())
	if err == nil && !slices.Equal(got, []uint64{block}) {
		err = fmt.Errorf("blocks %v get an error, and not %d alone", got, block)
	}
	return err
}
