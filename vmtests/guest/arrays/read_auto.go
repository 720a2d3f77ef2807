// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/racepoint"
)

// readAutos have a write come at the moment when a read-only array becomes read-auto, and its disk can be
// written to. The write must make it an array that is written to, and wait until a superblock says so:
// nobody writes one for an array that stays read-auto.
var readAutos = rows([]readAutoRow{
	{name: "sysfs", change: func(a *array.Array) error { return a.Set("array_state", md.StateReadAuto) }},
	{name: "ioctl", change: func(a *array.Array) error { return setWritable(a.KernelDev()) }},
	{name: "external", external: true, change: func(a *array.Array) error { return a.Set("array_state", md.StateReadAuto) }},
}, func(_ int, r readAutoRow) scenario {
	return scenario{name: "read-auto-" + r.name, on: redundantOnOwnDisks, company: array.NoCompany, last: true, run: r.run}
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
	changing := func() *array.Call {
		return array.Begin("a change to read-auto", func() error {
			return array.Steps(func() error { return holdWritable(unix.Gettid()) }, func() error { return r.change(a) })
		})
	}
	if r.external {
		return writeInBetween(a, changing, func(write *array.Call) error {
			return array.Steps(
				array.Prefixed("under a write", a.CheckState("write-pending")),
				func() error { return errors.Join(heldUp(write), a.SetState(md.StateActive)()) },
			)
		}, a.CheckState(md.StateActive))
	}
	return writeInBetween(a, changing, nil, func() error { return array.Steps(a.CheckState(md.StateActive), func() error { return saysDirty(a) }) })
}

func redundantOnOwnDisks(p array.Personality) bool { return p.Redundant() && p.OwnMetadata() }

// heldUp fails if a write has ended that must wait for a superblock.
func heldUp(write *array.Call) error {
	if write.Over() {
		return errors.New("the write did not wait for a superblock that says so")
	}
	return nil
}

// pointsLock is held by the test case that has armed points: it forgets all of them at the end.
var pointsLock sync.Mutex

// writable are the points at which a thread is held that has made a disk writable.
const writable = "writable-"

// holdWritable holds a thread when it has made a disk writable, or read-only.
func holdWritable(thread int) error {
	return racepoint.Arm(racepoint.Point{
		Name: writable + strconv.Itoa(thread), Symbol: "set_disk_ro", Return: true, Task: thread, Cap: array.CallLimit / 2,
	})
}

// writeInBetween begins a change of an array to read-auto whose thread is held where the disk is writable, then a
// write, and lets the change go on. While the write waits, it does pending, and check when all is over.
func writeInBetween(a *array.Array, changing func() *array.Call, pending func(write *array.Call) error, check func() error) error {
	pointsLock.Lock()
	defer pointsLock.Unlock()
	if err := racepoint.Load(); err != nil {
		return err
	}
	change := changing()
	err := waitForHeld(a)
	if err != nil {
		return errors.Join(err, racepoint.Clear(), change.End(array.CallLimit))
	}
	write := array.Begin("a write", func() error { return a.Data.WriteBlock(a.Dev(), 0) })
	err = errors.Join(a.Held(write), racepoint.Clear(), change.End(array.CallLimit))
	if err == nil && pending != nil {
		err = errors.Join(a.Held(write), pending(write))
	}
	if err != nil {
		_ = a.SetState(md.StateActive)() // or the write may wait for ever
	}
	end := write.End(array.CallLimit)
	if err = errors.Join(err, end); err != nil {
		return err
	}
	return array.Prefixed("a write was acknowledged", check)()
}

// waitForHeld waits until a thread is held at one of the points.
func waitForHeld(a *array.Array) error {
	err := wait.Until(a.Context(), array.GoneLimit, 5*time.Millisecond, racepoint.AnyHeld)
	if err != nil {
		return fmt.Errorf("no power: nobody is held in set_disk_ro(): %w", err)
	}
	return nil
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
