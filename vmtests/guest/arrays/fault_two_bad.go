// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"mdlife/vmtests/guest/array"
)

// twoBad has two copies unreadable close to each other, each in another block: all blocks are readable
// still. A repair must go on to the end, and write each from the copy that can be read.
// Nothing is read beside it, also not by udevd: a read would mend what it meets.
var twoBad = scenario{name: "fault-two-bad", on: array.Personality.Mirrors, last: true, company: array.NoCompany, run: func(a *array.Array) (string, error) {
	disks := make([]*array.Mapped, a.Personality.Disks)
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	return "repaired", array.Steps(
		a.Step("make disks", a.UseNullBlks, func() (err error) {
			for i := range disks {
				if disks[i], err = a.UseDustBefore(i, array.BlockSize); err != nil {
					return err
				}
			}
			return nil
		}),
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.BeOwn, a.Write, a.SettleUdev),
		a.Unwatched(
			a.Step("have two blocks fail", func() error { return breakCopies(a, disks) }),
			a.Step("repair", a.Action("repair"), a.Settle, a.CheckNotDegraded),
		),
		a.Step("rely on one copy", func() error { return a.Fail(a.Members[0]) }, array.Prefixed("from the other copy", a.Verify)),
		a.Step("stop", a.Stop(array.ByMdadm)),
	)
}}

// breakCopies has the first copy of a block not be readable, and the last copy of one near it: in the middle
// of the array, as its beginning and its end are what everybody reads who wants to know what it is.
func breakCopies(a *array.Array, disks []*array.Mapped) error {
	all, err := a.Data.Places(a.First())
	if err != nil {
		return err
	}
	runs := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(block uint64) bool { return block%array.RunBlocks != 0 })
	if len(runs) == 0 {
		return errors.New("no run of blocks is on the members")
	}
	chunk := runs[len(runs)/2]
	for i, block := range []uint64{chunk + 1, chunk + 2} {
		places := all[block]
		if len(places) < 2 {
			return fmt.Errorf("block %d is there %d times", block, len(places))
		}
		p := places[i*(len(places)-1)]
		const sector = 512
		if err := disks[p.Member].Dust(int(p.Offset)/sector, int(p.Offset+array.BlockSize)/sector); err != nil {
			return err
		}
	}
	return nil
}
