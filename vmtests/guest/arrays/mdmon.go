// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/machine"
)

// mdmons have an array in a container, of each kind of metadata that mdadm keeps itself: a real mdmon
// looks after it. (In external.go the test case does.)
var mdmons = slices.Concat(rows(mdmonRows, mdmonOn(array.DDF)), rows(mdmonRows, mdmonOn(array.IMSM)))

// mdmonRow is what happens to a volume.
type mdmonRow struct {
	name   string
	spares int // of the container
	on     func(array.Personality) bool
	run    func(*array.Volume) error
}

var mdmonRows = []mdmonRow{
	{name: "spare", spares: 1, on: array.Personality.Redundant, run: mdmonSpare},
	{name: "add", on: array.Personality.Redundant, run: mdmonAdd},
	{name: "stop", on: array.Personality.Any, run: stopBy(array.ByMdadm)},
	{name: "clear", on: array.Personality.Any, run: stopBy(array.BySysfs)},
	{name: "read-auto", on: array.Personality.Redundant, run: mdmonReadAuto},
	{name: "inactive", on: array.Personality.Redundant, run: stopBy(array.ByInactive)},
}

// mdmonOn makes scenarios of volumes with this metadata.
func mdmonOn(metadata string) func(int, mdmonRow) scenario {
	return func(_ int, r mdmonRow) scenario {
		return scenario{
			name: "mdmon-" + metadata + "-" + r.name,
			on:   func(p array.Personality) bool { return p.InContainer(metadata) && r.on(p) },
			lacking: func() string {
				if metadata == array.DDF && r.name == "add" {
					return cannotAddToDDF(machine.MdadmVersion())
				}
				return ""
			},
			run: func(a *array.Array) (string, error) { return r.take(array.NewVolume(a, metadata)) },
		}
	}
}

// cannotAddToDDF returns why a version of mdadm cannot give a container a disk. It is not tried: a
// crash of mdadm ends the guest.
func cannotAddToDDF(version string) string {
	if strings.HasPrefix(version, "mdadm - v4.2") {
		return "known bug (mdadm 4.2 crashes when a container of DDF gets a disk, docs/found.md)"
	}
	return ""
}

// take makes the volume, takes it through what happens, and stops it.
func (r mdmonRow) take(v *array.Volume) (string, error) {
	return "in a container of " + v.Metadata, array.Steps(
		v.Step("create", v.Create(r.spares), v.Settle),
		v.Step("write and verify", v.Write, v.Verify),
		func() error { return r.run(v) },
		v.Step("stop", v.Stop(array.ByMdadm), v.StopContainer),
	)
}

// mdmonSpare loses a member: mdmon must take it out, and have a spare of the container rebuilt.
func mdmonSpare(v *array.Volume) error {
	return array.Steps(
		v.Step("lose a member", v.LoseFirst),
		v.Step("rebuild", v.WaitForRebuild, v.Verify, v.RemoveFirst, v.Write, v.Verify),
		func() error { return loseAnother(v) },
	)
}

// mdmonAdd loses a member where there is no spare, and gets one when the data have changed.
func mdmonAdd(v *array.Volume) error {
	return array.Steps(
		v.Step("lose a member", v.LoseFirst, array.Prefixed("degraded", v.Verify), array.Prefixed("degraded", v.Write), v.Verify),
		v.Step("add a disk", v.RemoveFirst, v.AddSpare),
		v.Step("rebuild", v.WaitForRebuild, v.Verify),
		func() error { return loseAnother(v) },
	)
}

// loseAnother checks the rebuilt member, has mdadm find the array again, and reads what the rebuilt
// member has.
func loseAnother(v *array.Volume) error {
	return array.Steps(
		v.Step("check", v.CheckMembersAgree),
		func() error {
			return stopAndFindAgain(v, v.Members[1:v.Personality.Disks+1], array.ByMdadm)
		},
		v.Step("lose another member", v.FailMember(1), array.Prefixed("from the rebuilt member", v.Verify)),
	)
}

// mdmonReadAuto makes the volume read-only, has mdmon be held as it makes it read-auto, and a write come
// then.
func mdmonReadAuto(v *array.Volume) error {
	between := array.InBetween{
		Change: func() *array.Call {
			return array.Begin("readonly > md/array_state", func() error {
				return array.Steps(
					func() error { return eachThread(v, array.HoldWritable) },
					func() error { return array.Retry(v.SetState(md.StateReadonly)) },
				)
			})
		},
		Check: func() error { return notReadAuto(v.Array) },
	}
	return v.Unwatched(
		v.Step("mdmon makes it read-auto under a write", v.SettleUdev, func() error { return between.Write(v.Array) }),
		v.Step("read all", v.Verify),
	)()
}

// eachThread does something for each thread of the container's mdmon.
func eachThread(v *array.Volume, do func(thread int) error) error {
	threads, err := v.MdmonThreads()
	for _, thread := range threads {
		err = errors.Join(err, do(thread))
	}
	return err
}

// notReadAuto fails if an array that was written to is read-auto.
func notReadAuto(a *array.Array) error {
	if state, err := a.Attr("array_state"); err != nil || state == md.StateReadAuto {
		return fmt.Errorf("md/array_state is %q (%v)", state, err)
	}
	return nil
}

// stopBy stops the volume in a way, and has mdadm find it again.
func stopBy(way string) func(*array.Volume) error {
	return func(v *array.Volume) error { return stopAndFindAgain(v, v.First(), way) }
}

// stopAndFindAgain stops the volume and its container, has mdadm find them again disk by disk, and
// verifies.
func stopAndFindAgain(v *array.Volume, disks []string, way string) error {
	return array.Steps(
		v.Step("stop by "+way, v.Stop(way), v.StopContainer),
		v.Step("assemble incrementally", func() error { return v.AssembleVolume(disks) }, v.Verify),
		v.Step("write again", v.Write, v.Settle, v.Verify, v.CheckMembersAgree),
	)
}
