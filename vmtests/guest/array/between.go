// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/guest/racepoint"
)

// InBetween is a write that comes while somebody changes the array, and has just made its disk writable.
type InBetween struct {
	Change  func() *Call            // begins the change; who makes the disk writable must have been in HoldWritable
	Pending func(write *Call) error // looks at the write that waits, when the change is over; may be nil
	Check   func() error            // looks at what the write has made of the array
}

// pointsLock is held by the test case that has armed points: it forgets all of them at the end.
var pointsLock sync.Mutex

// HoldWritable has a thread be held when it has made a disk writable, or read-only.
func HoldWritable(thread int) error {
	return racepoint.Arm(racepoint.Point{
		Name: "writable-" + strconv.Itoa(thread), Symbol: "set_disk_ro", Return: true, Task: thread, Cap: CallLimit / 2,
	})
}

// Write makes the write, and lets the change go on.
func (b InBetween) Write(a *Array) (err error) {
	pointsLock.Lock()
	defer pointsLock.Unlock()
	if err := racepoint.Load(); err != nil {
		return err
	}
	change := b.Change()
	write, err := b.begin(a)
	cleared := racepoint.Clear()
	err = errors.Join(err, cleared, change.End(CallLimit))
	if write == nil {
		return err
	}
	if err == nil && b.Pending != nil {
		err = Steps(func() error { return a.Held(write) }, func() error { return b.Pending(write) })
	}
	if err != nil {
		_ = a.SetState(md.StateActive)() // or the write may wait for ever
	}
	if err = errors.Join(err, write.End(CallLimit)); err != nil {
		return err
	}
	return Prefixed("a write was acknowledged", b.Check)()
}

// begin begins the write when somebody is held.
func (b InBetween) begin(a *Array) (*Call, error) {
	if err := wait.Until(a.ctx, GoneLimit, 5*time.Millisecond, racepoint.AnyHeld); err != nil {
		return nil, fmt.Errorf("no power: nobody is held in set_disk_ro(): %w", err)
	}
	write := Begin("a write", func() error { return a.Data.WriteBlock(a.Dev(), 0) })
	return write, a.Held(write)
}
