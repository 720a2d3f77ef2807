// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"

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
		// Else the array becomes clean when nothing was written for a while, and that waits for the gate.
		a.Step("write", a.StayActive, a.Write),
		a.Unwatched(a.Step("write one block at once", a.SettleUdev, func() error { return writeAtOnce(a, a.Gates[legs-1]) })),
		a.Step("compare the legs", a.CheckMembersAgree),
		a.Step("write all anew", a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// writeAtOnce has several writes of one block wait for a leg, and lets them go on.
func writeAtOnce(a *array.Array, leg *array.Gate) error {
	if err := leg.Shut(); err != nil {
		return err
	}
	var writes array.BlockIO
	for i := range uint64(overlapping) {
		writes = append(writes, array.Begin(fmt.Sprintf("write %d of block 0", i), func() error {
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
