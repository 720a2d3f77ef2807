// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// moreLegs gives a mirror room for many more legs while writes that one of its two could not take wait for a
// superblock: they were begun with room for two. Who sets raid_disks has the array's lock, without which no
// superblock is written, so that they still wait when the mirror changes.
var moreLegs = scenario{name: "fault-more-legs", on: array.Named("raid1"), company: array.NoCompany, ends: true, run: func(a *array.Array) (string, error) {
	return "writes ended that had begun with fewer legs", array.Steps(
		a.Step("make disks", a.UseGates),
		a.Step("create", a.Create(array.Recipe{Clean: true})),
		a.Step("write", a.StayActive, array.WaitForOldTimer, a.Write),
		a.Unwatched(a.Step("more legs while writes fail", a.SettleUdev, func() error { return moreWhileWritesFail(a) })),
		a.Step("verify", a.Verify),
		a.Step("as many legs as before", a.MendGates, func() error { return isThere(a) }, a.Settle, a.Setting("raid_disks", "2")),
		a.Step("rebuild", a.Settle, a.CheckNotDegraded, a.CheckMembersAgree),
		a.Step("write all anew", a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}}

// manyLegs is for how many legs there is to be room.
const manyLegs = 8

// moreWhileWritesFail has blocks be written, as they are, which the second leg refuses and the first holds, and
// sets raid_disks. The kernel may refuse that while such writes are under way.
func moreWhileWritesFail(a *array.Array) error {
	held, broken := a.Gates[0], a.Gates[1]
	if err := array.Steps(broken.BreakWrites, held.Shut); err != nil {
		return err
	}
	io := a.RewriteBlocks(a.SomeBlocks(16)...)
	if err := a.Held(io...); err != nil {
		return errors.Join(err, held.Open())
	}
	more := array.Begin("set raid_disks", a.Setting("raid_disks", strconv.Itoa(manyLegs)))
	err := a.Held(more)
	if err = errors.Join(err, held.Open()); err != nil {
		return err
	}
	if err := more.End(array.CallLimit); err != nil && !errors.Is(err, unix.EBUSY) {
		return err
	}
	return io.End()
}
