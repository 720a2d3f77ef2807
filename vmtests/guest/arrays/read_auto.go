// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
)

// readAutos have a write come at the moment when a read-only array becomes read-auto, and its disk can be
// written to. The write must make it an array that is written to, and wait until a superblock says so:
// nobody writes one for an array that stays read-auto.
var readAutos = rows([]readAutoRow{
	{name: "sysfs", change: func(a *array.Array) error { return a.Set("array_state", md.StateReadAuto) }},
	{name: "ioctl", change: func(a *array.Array) error { return setWritable(a.KernelDev()) }},
	{name: "external", external: true, change: func(a *array.Array) error { return a.Set("array_state", md.StateReadAuto) }},
}, func(_ int, r readAutoRow) scenario {
	return scenario{name: "read-auto-" + r.name, on: array.Personality.RedundantOnOwnDisks, company: array.NoCompany, last: true, run: r.run}
})

// readAutoRow is a way to make an array read-auto.
type readAutoRow struct {
	name     string
	external bool // the test case keeps its metadata
	change   func(*array.Array) error
}

func (r readAutoRow) run(a *array.Array) (string, error) {
	create := a.Step("create", a.Create(array.Recipe{Clean: true}), a.Settle, a.StayActive, array.WaitForOldTimer, a.Write, a.SettleUdev)
	if r.external {
		create = a.Step("create", a.BlankMembers, a.ConfigureExternal)
	}
	return "the write made it active", array.Steps(
		create,
		a.Unwatched(
			a.Step("make it read-only", func() error { return array.Retry(a.SetState(md.StateReadonly)) }),
			a.Step("make it read-auto under a write", func() error { return r.meet(a) }),
		),
		a.Step("stop", array.Timely("a stop", a.Stop(array.ByIoctl))),
	)
}

// meet holds who makes the array read-auto where its disk has just become writable, has a write come, and
// looks at what that has made of the array.
func (r readAutoRow) meet(a *array.Array) error {
	between := array.InBetween{
		Change: func() *array.Call {
			return array.Begin("a change to read-auto", func() error {
				return array.Steps(func() error { return array.HoldWritable(unix.Gettid()) }, func() error { return r.change(a) })
			})
		},
		Check: func() error { return array.Steps(func() error { return saysDirty(a) }, a.CheckState(md.StateActive)) },
	}
	if r.external {
		between.Pending, between.Check = func(write *array.Call) error { return acknowledgeHeld(a, write) }, a.CheckState(md.StateActive)
	}
	return between.Write(a)
}

// acknowledgeHeld acknowledges the array's change, for which a write must wait.
func acknowledgeHeld(a *array.Array, write *array.Call) error {
	return array.Steps(
		array.Prefixed("under a write", a.CheckState("write-pending")),
		func() error {
			if write.Over() {
				return errors.New("the write did not wait for an acknowledgement")
			}
			return nil
		},
		a.SetState(md.StateActive),
	)
}

// setWritable says that a device is not read-only, as blockdev --setrw does.
func setWritable(node string) error {
	f, err := os.Open(node)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.BLKROSET, 0)
}

// Where a superblock of version 1.2 is, and in that the resync offset (include/uapi/linux/raid/md_p.h).
const (
	superblockAt   = 4096
	resyncOffsetAt = 208
)

// saysDirty fails if the superblock of a member calls the array clean.
func saysDirty(a *array.Array) error {
	for _, node := range a.First() {
		sb, err := readSuperblock(node)
		if err != nil {
			return err
		}
		if binary.LittleEndian.Uint64(sb[resyncOffsetAt:]) == math.MaxUint64 {
			return fmt.Errorf("the superblock of %s says that the array is clean", filepath.Base(node))
		}
	}
	return nil
}

func readSuperblock(node string) ([]byte, error) {
	f, err := array.OpenDirect(node, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sb := array.Aligned(array.BlockSize)
	defer unix.Munmap(sb)
	if _, err := f.ReadAt(sb, superblockAt); err != nil {
		return nil, err
	}
	if magic := binary.LittleEndian.Uint32(sb); magic != 0xa92b4efc {
		return nil, fmt.Errorf("%s has no superblock of version 1.2: magic %#x", node, magic)
	}
	return append([]byte(nil), sb...), nil
}
