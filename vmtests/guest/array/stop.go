// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
)

// Ways to stop an array.
const (
	ByMdadm = "mdadm" // mdadm --stop
	ByIoctl = "ioctl" // STOP_ARRAY
	BySysfs = "sysfs" // clear > md/array_state

	ByInactive = "inactive" // inactive > md/array_state: mdmon, if there is one, clears the array then
)

// StopWay returns one of the ways to stop an array: each number has its own, round and round.
func StopWay(n int) string {
	ways := []string{ByMdadm, ByIoctl, BySysfs}
	return ways[n%len(ways)]
}

// backEvery: after one stop in so many, and once more, the device may be there again.
const backEvery = 8

// Stop returns the step of stopping the array in a way, and seeing it go.
func (a *Array) Stop(way string) func() error {
	return func() error { return a.stopAndWait(way) }
}

func (a *Array) stopAndWait(way string) error {
	name := a.KernelName()
	a.stops++
	if err := a.stopOnce(way); err != nil {
		return err
	}
	if a.host.WaitGone(name, SettleTime) {
		return nil
	}
	// The opener may have come just when there was nothing any more, and have made one
	// that stays until an ioctl (R3). Now and then: more often is coming back (R23).
	state, err := a.Attr("array_state")
	if err == nil && state != md.StateClear {
		return fmt.Errorf("stopped by %s, but %s is %s", way, name, state)
	}
	if a.back++; a.back > 1+a.stops/backEvery {
		return fmt.Errorf("%s has come back to stay after %d of %d stops", name, a.back, a.stops)
	}
	return a.host.Remove(name, 2*SettleTime)
}

// stopOnce stops the array: on the descriptor that is held, whatever the way, if there is
// one. The opener has the array open now and then; mdadm tries again by itself.
func (a *Array) stopOnce(way string) error {
	if a.held != nil {
		return a.stopHeld()
	}
	if way == ByMdadm {
		return a.RunMdadm("--stop", a.Dev())
	}
	stop := a.StopByIoctl
	switch way {
	case BySysfs:
		stop = a.StopBySysfs
	case ByInactive:
		stop = func() error { return a.host.SetAttr(a.KernelName(), "md/array_state", md.StateInactive) }
	}
	var err error
	_ = wait.Until(a.ctx, GoneLimit, 2*time.Millisecond, func() (bool, error) { // else err says more
		err = stop()
		return !errors.Is(err, unix.EBUSY), nil
	})
	if err != nil {
		return fmt.Errorf("stop by %s: %w", way, err)
	}
	return nil
}

// stopHeld stops the array on the descriptor that is held, and closes that.
func (a *Array) stopHeld() error {
	f := a.held
	a.held = nil
	err := Retry(func() error { return a.host.StopArray(f) })
	return errors.Join(err, f.Close())
}

// Remove removes the device of an array that was never stopped, or is back. It is called
// between two test cases, for somebody may have opened the node late, and have made one (R3).
func Remove(minor uint32) error {
	if name := md.Name(minor); md.Exists(name) {
		return md.Remove(name, SettleTime)
	}
	return nil
}
