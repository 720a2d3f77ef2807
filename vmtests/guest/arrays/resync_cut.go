// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"

	"mdlife/vmtests/guest/array"
)

// resyncCuts repair an array whose members cut all I/O at small blocks, as a device below may. One
// copy of a block is wrong: the repair must copy the other to its place, and nothing else anywhere.
var resyncCuts = rows([]int{512, array.BlockSize}, func(_ int, block int) scenario {
	return scenario{name: fmt.Sprintf("resync-cut-%d", block), on: array.Personality.Mirrors, last: true,
		run: func(a *array.Array) (string, error) { return repairOfCut(a, block) }}
})

func repairOfCut(a *array.Array, cut int) (string, error) {
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	spoilt := uint64(array.RunBlocks/2 + a.Rand.IntN(array.RunBlocks/2)) // of the first run
	var copies []array.Place
	var before int
	return fmt.Sprintf("one copy of block %d was wrong", spoilt), array.Steps(
		a.Step("make disks", func() error { return cutAll(a, cut) }),
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.BeOwn, a.Write, a.CheckMembersAgree, func() (err error) {
			copies, err = copiesOf(a, spoilt)
			return err
		}),
		a.Step("spoil a copy", a.Stop(array.ByIoctl), func() error { return spoil(copies[len(copies)-1]) }, a.AssembleFirst),
		a.Step("repair", func() (err error) {
			if before, err = a.Mismatches("repair"); err == nil && before == 0 {
				err = fmt.Errorf("md/mismatch_cnt is 0 after a repair, though a copy of block %d was spoilt", spoilt)
			}
			return err
		}, a.CheckMembersAgree),
		a.Step("verify each copy", a.Verify, func() error { return a.Fail(copies[0].Node) },
			array.Prefixed("from the other copy", a.Verify)),
		a.Step("stop", a.Stop(array.ByMdadm)),
	)
}

// cutAll puts a target before each member that cuts I/O. The disks are new, so that they agree at first.
func cutAll(a *array.Array, block int) error {
	if err := a.UseNullBlks(); err != nil {
		return err
	}
	for i := range a.Personality.Disks {
		if _, err := a.UseDustBefore(i, block); err != nil {
			return err
		}
	}
	return nil
}

// copiesOf finds the copies of a block.
func copiesOf(a *array.Array, block uint64) ([]array.Place, error) {
	all, err := a.Data.Places(a.First())
	if err == nil && len(all[block]) < 2 {
		err = fmt.Errorf("block %d is there %d times", block, len(all[block]))
	}
	return all[block], err
}

// spoil changes a bit of a block.
func spoil(at array.Place) error {
	block, err := at.Read()
	if err != nil {
		return err
	}
	block[100] ^= 1
	return at.Write(block)
}
