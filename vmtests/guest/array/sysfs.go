// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
)

// Attr reads an attribute of the array, from its directory md/.
func (a *Array) Attr(attr string) (string, error) { return a.host.Attr(a.KernelName(), "md/"+attr) }

// Set writes an attribute of the array.
func (a *Array) Set(attr, value string) error {
	if err := a.host.SetAttr(a.KernelName(), "md/"+attr, value); err != nil {
		return fmt.Errorf("%s > md/%s: %w", value, attr, err)
	}
	return nil
}

// Setting returns the step of writing an attribute of the array.
func (a *Array) Setting(attr, value string) func() error {
	return func() error { return a.Set(attr, value) }
}

// SetState returns the step of giving the array another state.
func (a *Array) SetState(state string) func() error { return a.Setting("array_state", state) }

// CheckState returns a step that fails unless the array is in a state.
func (a *Array) CheckState(want string) func() error {
	return func() error {
		if got, err := a.Attr("array_state"); err != nil || got != want {
			return fmt.Errorf("md/array_state is %q, and not %s (%v)", got, want, err)
		}
		return nil
	}
}

// CheckRuns fails unless the array runs.
func (a *Array) CheckRuns() error {
	if state, err := a.Attr("array_state"); err != nil || state == md.StateInactive || state == md.StateClear {
		return fmt.Errorf("assembled, but it is %q (%v)", state, err)
	}
	return nil
}

// CheckNotDegraded fails if a member is missing that the array could lose.
func (a *Array) CheckNotDegraded() error {
	if degraded, err := a.Attr("degraded"); a.Personality.Redundant() && (err != nil || degraded != "0") {
		return fmt.Errorf("md/degraded is %q (%v)", degraded, err)
	}
	return nil
}

// CheckRefusesStop fails unless the array cannot be stopped.
func (a *Array) CheckRefusesStop() error {
	if err := a.StopByIoctl(); !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("STOP_ARRAY under a holder gives %v, not EBUSY", err)
	}
	if err := a.StopBySysfs(); !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("clear > md/array_state under a holder gives %v, not EBUSY", err)
	}
	return nil
}

// attrs returns what sysfs says of the array, in one line.
func (a *Array) attrs() string {
	var all []string
	for _, attr := range []string{"array_state", "sync_action", "sync_completed", "sync_max", "reshape_position", "suspend_hi", "degraded"} {
		value, err := a.Attr(attr)
		if err != nil {
			value = "?"
		}
		all = append(all, attr+" "+value)
	}
	return strings.Join(all, ", ")
}

// WaitForAttr waits until an attribute has a value that fits.
func (a *Array) WaitForAttr(attr string, fits func(string) bool) error {
	var got string
	err := wait.Until(a.ctx, GoneLimit, 5*time.Millisecond, func() (bool, error) {
		var err error
		got, err = a.Attr(attr)
		return err == nil && fits(got), nil
	})
	if err != nil {
		return fmt.Errorf("md/%s is still %q: %w", attr, got, err)
	}
	return nil
}

// WaitForValue waits until an attribute has a value.
func (a *Array) WaitForValue(attr, want string) error {
	if err := a.WaitForAttr(attr, func(is string) bool { return is == want }); err != nil {
		return fmt.Errorf("%w, and not %s", err, want)
	}
	return nil
}

// WaitForClean waits until md calls the array clean, as nothing was written for a while.
func (a *Array) WaitForClean() error {
	return a.quiet(func() error { return a.WaitForValue("array_state", "clean") })
}

// UnlimitSyncSpeed lets the rebuilds of all arrays run as fast as they can.
func UnlimitSyncSpeed() error {
	for _, file := range []string{"speed_limit_min", "speed_limit_max"} {
		if err := md.WriteFile("/proc/sys/dev/raid/"+file, "10000000"); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// DisableAutoAssembly keeps udevd's rules from assembling what a test case is about to
// assemble.
func DisableAutoAssembly() error {
	const dir = "/etc/mdadm"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(dir+"/mdadm.conf", []byte("AUTO -all\n"), 0o644)
}

// StayActive has an array with redundancy not be called clean when nothing was written for a while: then
// it writes no superblock by itself.
func (a *Array) StayActive() error {
	if !a.Personality.Redundant() {
		return nil
	}
	return a.Set("safe_mode_delay", "0")
}

// WaitForOldTimer waits until an array would have become clean because of what was written before it was told
// to stay active: md_write_end() sets the timer to a multiple of 200 ms that is up to 400 ms away.
func WaitForOldTimer() error {
	time.Sleep(600 * time.Millisecond)
	return nil
}
