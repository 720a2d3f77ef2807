// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// failedSuperblocks have no member take its superblock: when the first write comes to an array that they call
// clean, or when a member has failed, which the others cannot write down. The array may take no more writes,
// but none that it acknowledges may be gone when it is stopped, the members are well again, and it is assembled anew;
// or when they are well before it is stopped.
var failedSuperblocks = rows([]superblockRow{
	{name: "fault-superblocks"},
	{name: "fault-superblocks-mended", mended: true},
	{name: "fault-superblocks-member", member: true},
	{name: "fault-superblocks-member-mended", member: true, mended: true},
}, func(_ int, r superblockRow) scenario {
	return scenario{name: r.name, on: array.Personality.Redundant, company: array.NoCompany, run: r.run}
})

// superblockRow is a moment at which no superblock can be written.
type superblockRow struct {
	name   string
	member bool // the first member fails altogether while the array is active, or the array is clean
	mended bool // the members are well again when it is stopped
}

// Where a superblock of version 1.2 is on each member, in sectors.
const superblockFirst, superblockEnd = 8, 16

func (r superblockRow) run(a *array.Array) (seen string, err error) {
	var told map[uint64]bool
	end := []func() error{array.Timely("a stop", a.Stop(array.ByIoctl)), func() error { return mendAll(a) }}
	if r.mended {
		slices.Reverse(end)
	}
	begin := a.WaitForClean
	if r.member {
		begin = func() error { return array.Steps(a.StayActive, array.WaitForOldTimer, a.Write) }
	}
	err = array.Steps(
		a.Step("make disks", a.UseNullBlks),
		// With a log of bad blocks, md would rather write down what a dead member lacks than have it fail.
		a.Step("create", a.WithoutBadBlockLog, a.Create(array.Recipe{Metadata: "1.2", Clean: true})),
		a.Step("write", a.Write, a.SettleUdev, begin),
		a.Unwatched(
			a.Step("write while no superblock can be written", func() (err error) {
				told, err = r.writeBlind(a)
				return err
			}),
			a.Step("stop", end...),
		),
		a.Step("assemble", func() error {
			forced, err := a.AssembleByForce(a.First())
			seen = fmt.Sprintf("%d of %d writes acknowledged, assembled by force: %t", len(told), len(blindBlocks), forced)
			return err
		}),
		a.Step("verify", a.Settle, func() error { return checkTold(a, told) }),
		a.Step("compare the members", a.CheckMembersAgree, func() error { return checkTold(a, told) }),
		a.Step("write all anew", a.Write, a.Verify),
		a.Step("stop again", a.Stop(array.ByMdadm)),
	)
	if err != nil {
		err = fmt.Errorf("%w (%d of %d writes were acknowledged)", err, len(told), len(blindBlocks))
	}
	return seen, err
}

// blindBlocks are what is written then, in several chunks.
var blindBlocks = array.FirstBlocks(array.RunBlocks)

// next is the writing of these blocks.
func next(a *array.Array) array.Pattern {
	p := a.Data
	p.Generation++
	return p
}

// writeBlind has superblocks fail, writes blocks, and returns which of them were acknowledged.
func (r superblockRow) writeBlind(a *array.Array) (told map[uint64]bool, err error) {
	for i, n := range a.NullBlks[:a.Personality.Disks] {
		first, end := superblockFirst, superblockEnd
		if i == 0 && r.member {
			first, end = 0, array.EndOfDisk
		}
		if err := n.Break(first, end); err != nil {
			return nil, err
		}
	}
	told = map[uint64]bool{}
	for _, block := range blindBlocks {
		err := array.Timely(fmt.Sprintf("a write of block %d", block), func() error { return next(a).WriteBlock(a.Dev(), block) })()
		if err == nil {
			told[block] = true
		} else if !errors.Is(err, unix.EIO) {
			return nil, err
		}
	}
	return told, nil
}

// mendAll has all members be well again.
func mendAll(a *array.Array) error {
	for _, n := range a.NullBlks[:a.Personality.Disks] {
		if err := n.Mend(0, array.EndOfDisk); err != nil {
			return err
		}
	}
	return nil
}

// checkTold reads all blocks. Those that were acknowledged must be there, and the others be old or new.
func checkTold(a *array.Array, told map[uint64]bool) error {
	old, err := a.Data.Damage(a.Dev())
	if err != nil {
		return err
	}
	changed, err := next(a).Damage(a.Dev())
	if err != nil {
		return err
	}
	for _, block := range blindBlocks {
		if is := changed[block]; is != "" && (told[block] || old[block] != "") {
			return fmt.Errorf("block %d (acknowledged: %t) %s", block, told[block], is)
		}
		delete(old, block)
	}
	for block, is := range old {
		return fmt.Errorf("block %d, which nobody has written since, %s", block, is)
	}
	return nil
}
