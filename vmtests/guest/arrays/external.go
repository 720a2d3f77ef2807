// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
)

// externals have an array with external metadata: a write to a clean array, and one after a
// member has failed, wait for an acknowledgement of whoever keeps the superblocks. Here that
// is the test case. The array is stopped in the ways that need no mdadm.
var externals = rows([]string{array.BySysfs, array.ByIoctl}, func(_ int, way string) scenario {
	return scenario{name: "external-" + way, on: array.Personality.OwnMetadata, company: array.ReadsOnly, run: func(a *array.Array) (string, error) {
		return external(a, way)
	}}
})

// external takes an array through its life, and stops it.
func external(a *array.Array, way string) (seen string, err error) {
	err = array.Steps(
		a.Step("create", a.BlankMembers, a.ConfigureExternal, a.SetState(md.StateReadonly), a.CheckReadOnly, a.SetState(md.StateActive)),
		a.Step("write and verify", func() error { return firstWrite(a) }, a.Write, a.Verify),
		func() error { return loseExternally(a) },
		a.Step("stop for a while", func() error { return array.Retry(a.SetState(md.StateInactive)) }, a.SetState(md.StateReadonly), a.Verify),
		a.Step("stop by "+way, a.Stop(way)),
		a.Step("create again, and verify", a.ConfigureExternal, a.SetState(md.StateActive), a.Verify),
		a.Step("stop by "+way+" again", a.Stop(way)),
	)
	if err != nil {
		_ = a.SetState(md.StateActive)() // or a write that waits for it would do so for ever
	}
	return "stopped by " + way, err
}

// firstWrite makes the first write to a clean array, which waits until somebody has
// noted that the array is not clean any more. Personalities without redundancy are never clean.
func firstWrite(a *array.Array) error {
	if !a.Personality.Redundant() {
		return nil
	}
	if err := a.CheckState("clean")(); err != nil {
		return err
	}
	w := a.BeginWrite()
	return array.Steps(
		w.CheckWaits("the first write"), a.CheckState("write-pending"), a.SetState(md.StateActive),
		w.CheckEnds("the first write"), a.CheckState(md.StateActive),
	)
}

// loseExternally has a member fail, which holds writes until both the array's change
// and the member's are acknowledged, takes it out, and puts it back.
func loseExternally(a *array.Array) error {
	if !a.Personality.Redundant() {
		return nil
	}
	lost := a.Members[0]
	dir := array.MemberDir(lost)
	return array.Steps(
		a.Step("lose a member", a.Setting(dir+"/state", "faulty"), func() error { return a.CheckBlocked(lost) },
			func() error { return writeAfterFailure(a, dir) }),
		a.Step("take it out",
			func() error { return a.WaitForValue(dir+"/slot", "none") }, // which md does by itself
			a.Setting(dir+"/state", "remove"), a.Write, a.Verify),
		a.Step("put it back",
			// Frozen, or md may take a new member by itself before it has been given its slot.
			a.Action("frozen"), func() error { return a.Join(0) }, func() error { return array.Retry(a.Action("recover")) },
			a.Settle, a.CheckNotDegraded),
		func() error { return ackMetadata(a) },
		a.Verify, a.Write, a.CheckMembersAgree,
		func() error { return ackMetadata(a) },
	)
}

// ackMetadata acknowledges the end of a recovery or a check. Without that the next write
// waits, and so may a stop: raid5d sleeps, and raid5_quiesce() waits for its stripes.
func ackMetadata(a *array.Array) error {
	return array.Steps(a.CheckState("write-pending"), a.SetState(md.StateActive))
}

// writeAfterFailure begins a write, and acknowledges first the array's change and then the
// member's.
func writeAfterFailure(a *array.Array, dir string) error {
	w := a.BeginWrite()
	return array.Steps(
		w.CheckWaits("a write after a failure"),
		a.SetState(md.StateActive),
		func() error { return acknowledge(a, dir, w) },
	)
}

// acknowledge lets a failed member go, which md keeps in its slot until then. A mirror
// has writes wait for that, too; raid4, raid5 and raid6 do without a faulty member.
func acknowledge(a *array.Array, dir string, w array.PendingWrite) error {
	stillInSlot := func() error {
		if slot, err := a.Attr(dir + "/slot"); err != nil || slot != "0" {
			return fmt.Errorf("md/%s/slot of a blocked member is %q (%v)", dir, slot, err)
		}
		return nil
	}
	letGo := a.Setting(dir+"/state", "-blocked")
	if a.Personality.Parity() {
		return array.Steps(w.CheckEnds("a write with the array's change acknowledged"), stillInSlot, letGo)
	}
	return array.Steps(w.CheckWaits("a write to a blocked member"), stillInSlot, letGo, w.CheckEnds("a write to a member let go"))
}
