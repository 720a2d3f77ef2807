// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// writeOrders are mirrors, of two legs and of three, that promise to write what overlaps one after the
// other (serialize_policy): the legs must be the same afterwards, although one was slower. Without a bitmap
// each write holds back its own first leg until it may go to the last one, so that none overtakes another.
var writeOrders = rows([]int{2, 3}, func(_ int, legs int) scenario {
	return scenario{name: fmt.Sprintf("write-order-%d", legs), on: array.Named("raid1"), run: func(a *array.Array) (string, error) {
		return inOrderOnEachLeg(a, legs)
	}}
})

// overlapping is how many writes to one block there are at once.
const overlapping = 12

func inOrderOnEachLeg(a *array.Array, legs int) (string, error) {
	a.Personality.Disks = legs
	return fmt.Sprintf("%d writes at once", overlapping), array.Steps(
		a.Step("make disks", a.UseGates),
		a.Step("create", a.Create(array.Recipe{Clean: true, Bitmap: true}), a.Setting("serialize_policy", "1")),
		// All writes but the first must wait for the leg, and no superblock, bitmap or reader: the array does
		// not become clean when nothing was written for a while, and the bitmap does not forget the block.
		a.Step("write", a.StayActive, array.WaitForOldTimer, a.Setting("bitmap/time_base", "600"), a.Write),
		a.Unwatched(a.Step("write one block at once", a.SettleUdev, func() error { return writeAtOnce(a, a.Gates[legs-1]) })),
		a.Step("compare the legs", a.CheckMembersAgree),
		a.Step("write all anew", a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// writeAtOnce has several writes of one block wait for a leg, and lets them go on. The last is the first to run
// then: without an order, nobody else would decide which goes first.
func writeAtOnce(a *array.Array, leg *array.Gate) error {
	if err := leg.Shut(); err != nil {
		return err
	}
	var writes array.BlockIO
	for i := range uint64(overlapping) {
		writes = append(writes, array.Begin(fmt.Sprintf("write %d of block 0", i), func() error {
			if err := hurry(uint32(i + 1)); err != nil {
				return err
			}
			return array.Pattern{Generation: i}.WriteBlock(a.Dev(), 0)
		}))
		if err := a.Held(writes...); err != nil {
			return errors.Join(err, leg.Open())
		}
	}
	if err := leg.Open(); err != nil {
		return err
	}
	return writes.End()
}

// hurry has the thread, which must be the caller's own, run before those with a lower priority.
func hurry(priority uint32) error {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: priority}
	if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
		return fmt.Errorf("have a thread run before others: %w", err)
	}
	return nil
}
