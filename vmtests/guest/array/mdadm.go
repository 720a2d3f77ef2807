// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mdlife/internal/wait"
	"mdlife/vmtests/guest/machine"
)

// RunMdadm runs mdadm; the error has its messages.
func (a *Array) RunMdadm(args ...string) error {
	out, err := a.host.Mdadm(a.ctx, commandLimit, args...)
	if errors.Is(err, machine.ErrTooLong) {
		err = fmt.Errorf("%w; %s", err, a.attrs())
	}
	if err != nil {
		return fmt.Errorf("%w: %s (%s)", err, strings.TrimSpace(out), strings.Join(args, " "))
	}
	return nil
}

// manage runs mdadm on the array.
func (a *Array) manage(args ...string) error {
	return a.RunMdadm(append([]string{a.Dev()}, args...)...)
}

// Fail marks members as failed.
func (a *Array) Fail(members ...string) error { return a.eachMember("--fail", members) }

// FailMember returns the step of having the member with this number fail.
func (a *Array) FailMember(i int) func() error {
	return func() error { return a.Fail(a.Members[i]) }
}

// Remove removes members that have failed.
func (a *Array) Remove(members ...string) error { return a.eachMember("--remove", members) }

// ReAdd adds members that were in the array before.
func (a *Array) ReAdd(members ...string) error { return a.eachMember("--re-add", members) }

// Add adds members, one after the other.
func (a *Array) Add(members ...string) error { return a.eachMember("--add", members) }

// AddAtOnce adds members with one call of mdadm.
func (a *Array) AddAtOnce(members ...string) error {
	return a.manage(slices.Concat([]string{"--add"}, members)...)
}

func (a *Array) eachMember(verb string, members []string) error {
	for _, m := range members {
		if err := a.manage(verb, m); err != nil {
			return err
		}
	}
	return nil
}

// TakeOut marks a member as failed, and removes it once the kernel has released it.
func (a *Array) TakeOut(member string) error {
	if err := a.Fail(member); err != nil {
		return err
	}
	return Retry(func() error { return a.Remove(member) })
}

// TakeOutFirst takes the first member out.
func (a *Array) TakeOutFirst() error { return a.TakeOut(a.Members[0]) }

// RemoveFailed removes all members that have failed, and those that have no node any more
// ("detached").
func (a *Array) RemoveFailed() error {
	return Retry(func() error {
		failed := a.manage("--remove", "failed") // whatever came of it, detached ones go, too
		return errors.Join(failed, a.manage("--remove", "detached"))
	})
}

// Replace has a spare take the place of a member that is there, and takes that out.
func (a *Array) Replace(old, spare string) error {
	return Steps(
		func() error { return a.Add(spare) },
		func() error { return a.manage("--replace", old, "--with", spare) },
		a.Settle,
		// The kernel may not have released it yet.
		func() error { return Retry(func() error { return a.Remove(old) }) },
	)
}

// MakeReadOnly makes the array read-only with mdadm, once nobody has it open for writing.
func (a *Array) MakeReadOnly() error {
	return Retry(func() error { return a.RunMdadm("--readonly", a.Dev()) })
}

// MakeReadWrite ends that.
func (a *Array) MakeReadWrite() error { return a.RunMdadm("--readwrite", a.Dev()) }

// Monitor has mdadm --monitor look at the array once.
func (a *Array) Monitor() error {
	return a.RunMdadm("--monitor", "--oneshot", "--test", "--config="+a.conf, a.Dev())
}

// bitmapPause is the time between two looks at a bitmap: each is an mdadm.
const bitmapPause = 400 * time.Millisecond

// WaitForCleanBitmap waits until no bit of the bitmap is set: md clears them late.
func (a *Array) WaitForCleanBitmap() error {
	var out string
	err := a.quiet(func() error {
		return wait.Until(a.ctx, GoneLimit, bitmapPause, func() (clean bool, err error) {
			out, err = a.host.Mdadm(a.ctx, commandLimit, "--examine-bitmap", a.Members[0])
			return err == nil && strings.Contains(out, " 0 dirty"), nil
		})
	})
	if err != nil {
		return fmt.Errorf("bits are set still: %s: %w", strings.TrimSpace(out), err)
	}
	return nil
}
