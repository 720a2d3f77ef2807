// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"time"

	"mdlife/vmtests/guest/array"
)

// rebuildLimit is how long a rebuild around bad blocks may take: less than a task has to
// hang to be reported, which would end an unpatched 7.2's guest (patch 29 of mainline).
const rebuildLimit = 15 * time.Second

// lostBlocks is a rebuild from a member that cannot read some of its blocks: the data that
// were lost with them get an error ever after, and are not taken from the new member instead.
type lostBlocks struct {
	known bool // md has written the blocks down as bad before, or it meets them then
	two   bool // two members are rebuilt, each from its own; else as many as can be lost
}

// rebuilds rebuild members from such a member.
var rebuilds = []scenario{
	// No reads beside it: one that fails before the rebuild comes there has md write the block down.
	{name: "fault-rebuild", on: array.Personality.Redundant, company: array.NoCompany, run: lostBlocks{}.run},
	{name: "fault-rebuild-known", on: array.Personality.Redundant, company: array.MayFail, run: lostBlocks{known: true}.run},
	{name: "fault-rebuild-two", on: array.Personality.IsRaid10, company: array.MayFail, run: lostBlocks{known: true, two: true}.run},
}

// members returns how many members are rebuilt.
func (b lostBlocks) members(a *array.Array) int {
	if b.two {
		return 2
	}
	return a.Personality.MaxLost
}

// run has blocks lost that one member cannot read or write, and those that have the same
// be new. They are spares from the start: where a bad block is written down, Debian's
// mdadm can add no member on 6.12 and 7.2 (docs/found.md).
func (b lostBlocks) run(a *array.Array) (string, error) {
	var whole bool
	var lost int
	err := array.Steps(
		a.CreateOnNullBlks,
		func() error { return a.AddAtOnce(a.Members[a.Personality.Disks:][:b.members(a)]...) },
		a.Step("write, and lose members", a.Action("frozen"), func() error { return b.write(a) }),
		a.Step("rebuild", func() (err error) {
			whole, err = rebuildAround(a)
			return err
		}),
		func() (err error) {
			lost, err = b.countLost(a)
			return err
		})
	if err != nil {
		return "", err
	}
	if whole {
		return b.rely(a, lost)
	}
	if !b.known || !a.Personality.IsRaid10() { // 6.1's and 6.12's do not go on there (docs/found.md)
		return "", errors.New("the rebuild was given up")
	}
	return fmt.Sprintf("given up; %d blocks get an error", lost), a.Stop(array.ByIoctl)()
}

// countLost returns how many blocks get an error: there must be some.
func (b lostBlocks) countLost(a *array.Array) (int, error) {
	lost, err := a.Data.CountUnreadable(a.Dev())
	if err == nil && lost == 0 {
		err = errors.New("all can be read, though a member that was needed for it cannot read some")
	}
	return lost, err
}

// rely has a member fail for which the rebuilt ones stand in: the one with the lost
// blocks, or, of raid10, the last, all of whose data were copied.
func (b lostBlocks) rely(a *array.Array, lost int) (string, error) {
	fails := 1
	if a.Personality.IsRaid10() {
		fails = 3
	}
	var rest int
	err := array.Steps(
		a.Step("rely on the new members", a.FailMember(fails)),
		func() (err error) {
			rest, err = a.Data.CountUnreadable(a.Dev())
			if err == nil && rest > lost && a.Personality.IsRaid10() {
				err = fmt.Errorf("%d blocks get an error, and %d only while all members were there", rest, lost)
			}
			return err
		},
		a.Step("stop", a.Stop(array.ByIoctl)))
	return fmt.Sprintf("%d blocks get an error, without a member %d", lost, rest), err
}

// write writes, and loses members. The data that the second cannot read or write are
// in their place. The rebuild, and the replacement of a member with bad blocks, wait until
// md/sync_action is idle.
func (b lostBlocks) write(a *array.Array) error {
	lose := func() error { return a.FailSpread(b.members(a)) }
	if !b.known {
		return array.Steps(a.Write, lose, a.BreakSecond)
	}
	return array.Steps(a.BreakSecond, a.Write, func() error { return checkWrittenDown(a) }, lose)
}

// checkWrittenDown fails unless md has a list of bad blocks of the second member.
func checkWrittenDown(a *array.Array) error {
	if bad, err := a.Attr(array.MemberDir(a.Members[1]) + "/bad_blocks"); err != nil || bad == "" {
		return fmt.Errorf("no bad block was written down (%v)", err)
	}
	return nil
}

// rebuildAround lets the rebuild begin, and reports whether the array is whole when it has
// ended, or was given up: then the new member is a spare still.
func rebuildAround(a *array.Array) (whole bool, err error) {
	err = array.Steps(a.Action("idle"), func() error {
		return a.Within(rebuildLimit, func() error { return a.WaitForRest(array.SettleTime) })
	})
	return err == nil && a.CheckNotDegraded() == nil, err
}
