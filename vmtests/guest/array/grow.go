// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mdlife/internal/wait"
)

// Backup returns the file that mdadm keeps the data in which a reshape moves.
func (a *Array) Backup() string { return filepath.Join(os.TempDir(), "backup-"+a.KernelName()) }

// GrowByOne adds a member, and waits for the reshape.
func (a *Array) GrowByOne() error {
	defer os.Remove(a.Backup())
	args := []string{"--grow", a.Dev(), fmt.Sprintf("--raid-devices=%d", a.Personality.Disks+1)}
	if a.Personality.Parity() {
		args = append(args, "--backup-file="+a.Backup())
	}
	return Steps(
		func() error { return a.Add(a.Spare()) },
		a.Mdadm(args...),
		a.Settle,
		a.isGrown,
		a.Verify,
	)
}

// isGrown fails unless the array has one member more.
func (a *Array) isGrown() error {
	want := strconv.Itoa(a.Personality.Disks + 1)
	if got, err := a.Attr("raid_disks"); err != nil || !strings.HasPrefix(got, want) {
		return fmt.Errorf("grown, but md/raid_disks is %q (%v)", got, err)
	}
	return nil
}

// BeginReshape adds a member, and has the array use it.
func (a *Array) BeginReshape() error {
	return Steps(
		func() error { return a.Add(a.Spare()) },
		func() error {
			return a.RunMdadm("--grow", a.Dev(), fmt.Sprintf("--raid-devices=%d", a.Personality.Disks+1))
		},
		a.WaitForAction("reshape"),
	)
}

// WaitForRecord waits until md has written down how far a reshape is: reads of what has moved wait
// for that, and it takes long where the reshape is slow.
func (a *Array) WaitForRecord() error {
	if !a.Personality.Parity() {
		return nil
	}
	return a.WaitForAttr("reshape_position", func(at string) bool { return at != "0" })
}

// WaitForLevel waits until the array has this level and so many members: mdadm goes on in
// the background and changes the level back or forth when a reshape has ended. The new level
// shows a moment before I/O goes on. Before 7.2, what comes in that moment to an array that
// becomes a raid0 goes to the wrong place (docs/found.md; seen on 6.12).
func (a *Array) WaitForLevel(level string, disks int) error {
	want := fmt.Sprintf("%s of %d", level, disks)
	var got string
	err := wait.Until(a.ctx, GoneLimit, 5*time.Millisecond, func() (bool, error) {
		level, _ := a.Attr("level")
		disks, _ := a.Attr("raid_disks")
		got = level + " of " + disks
		return got == want, nil
	})
	if err != nil {
		return fmt.Errorf("it is a %s, and not a %s: %w", got, want, err)
	}
	return a.Set("array_size", "default") // after the change: it takes the same lock
}
