// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// LoseMembers has as many members fail as the array can do without, and goes on writing.
func (a *Array) LoseMembers() error {
	if err := a.Fail(a.Members[:a.Personality.MaxLost]...); err != nil || !a.Personality.Redundant() {
		return err
	}
	return Steps(Prefixed("degraded", a.Verify), Prefixed("degraded", a.Write), a.Verify)
}

// PutBack removes the members that [Array.LoseMembers] had fail, adds them again, and waits
// for the rebuild: of what has changed, where there is a bitmap, else of all.
func (a *Array) PutBack(bitmap bool) error {
	lost := a.Members[:a.Personality.MaxLost]
	add := a.Add
	if bitmap {
		add = a.ReAdd
	}
	return Steps(
		func() error { return a.Remove(lost...) },
		func() error { return add(lost...) },
		a.Settle, a.CheckNotDegraded, a.Verify,
	)
}

// FailSpread has n members fail, the first, or the first and the third: those that no two
// copies of the same data are on.
func (a *Array) FailSpread(n int) error {
	return a.Fail([]string{a.Members[0], a.Members[2]}[:n]...)
}

// Within makes a call that must return in time. Where it does not, the second member, whose
// blocks are missing, is failed, which ends all I/O, and a CPU's work.
func (a *Array) Within(limit time.Duration, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
	}
	err := fmt.Errorf("has not returned after %v", limit)
	failed := a.Set(MemberDir(a.Members[1])+"/state", "faulty")
	if failed != nil && !errors.Is(failed, unix.EBUSY) { // which says that the array has failed
		err = errors.Join(err, failed)
	}
	return err
}
