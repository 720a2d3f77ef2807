// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
)

// Action returns the step of writing md/sync_action.
func (a *Array) Action(action string) func() error { return a.Setting("sync_action", action) }

// WaitForAction returns the step of waiting until md says that it does something.
func (a *Array) WaitForAction(action string) func() error {
	return func() error { return a.WaitForValue("sync_action", action) }
}

// CheckAction returns a step that fails unless md says that it does something.
func (a *Array) CheckAction(want string) func() error {
	return func() error {
		if action, err := a.Attr("sync_action"); action != want {
			return fmt.Errorf("md/sync_action is %q instead of %s (%v)", action, want, err)
		}
		return nil
	}
}

// settledLooks is how often in a row nothing must be going on.
const settledLooks = 5

// Settle waits until no resync, recovery, reshape or check runs or is to come.
func (a *Array) Settle() error {
	quiet := 0
	err := wait.Until(a.ctx, SyncLimit, 10*time.Millisecond, func() (bool, error) {
		idle, err := a.isIdle()
		if err != nil {
			return false, fmt.Errorf("md/sync_action: %w", err)
		}
		if quiet++; !idle {
			quiet = 0
		}
		return quiet == settledLooks, nil
	})
	if errors.Is(err, wait.ErrTimeout) || a.ctx.Err() != nil {
		action, _ := a.Attr("sync_action")
		done, _ := a.Attr("sync_completed")
		return fmt.Errorf("%s has not ended, but is at %s: %w", action, done, err)
	}
	return err
}

// WaitForSync waits until the array needs no resync any more: one that was dirty begins it late where
// md has something else to do first.
func (a *Array) WaitForSync() error {
	return Steps(func() error { return a.WaitForValue("resync_start", "none") }, a.Settle)
}

// isIdle reports whether md does nothing, and is not about to. An array without redundancy
// has nothing to do.
func (a *Array) isIdle() (bool, error) {
	action, err := a.Attr("sync_action")
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return err == nil && action == "idle" && !a.degradedWithSpares(), err
}

// degradedWithSpares reports whether a rebuild is to begin.
func (a *Array) degradedWithSpares() bool {
	degraded, _ := a.Attr("degraded")
	if degraded == "" || degraded == "0" {
		return false
	}
	states, _ := filepath.Glob("/sys/block/" + a.KernelName() + "/md/dev-*/state")
	for _, s := range states {
		if b, err := os.ReadFile(s); err == nil && strings.HasPrefix(string(b), "spare") {
			return true
		}
	}
	return false
}

// WaitForRest waits until md has done nothing for so long, or the array is not degraded.
func (a *Array) WaitForRest(quiet time.Duration) error {
	since := time.Now()
	for ; a.ctx.Err() == nil && time.Since(since) < quiet; time.Sleep(5 * time.Millisecond) {
		action, err := a.Attr("sync_action")
		if err != nil {
			return fmt.Errorf("md/sync_action: %w", err)
		}
		if action != "idle" {
			since = time.Now()
		} else if a.CheckNotDegraded() == nil {
			return nil
		}
	}
	return a.ctx.Err()
}

// Mismatches has md compare the members ("check"), or make them agree as well
// ("repair"), and returns how many sectors it says did not.
func (a *Array) Mismatches(action string) (int, error) {
	if err := Steps(a.Action(action), a.Settle); err != nil {
		return 0, err
	}
	n, err := a.Attr("mismatch_cnt")
	if err != nil {
		return 0, fmt.Errorf("md/mismatch_cnt: %w", err)
	}
	return strconv.Atoi(n)
}

// CheckMembersAgree has md compare the members, and fails if they do not agree.
func (a *Array) CheckMembersAgree() error {
	if !a.Personality.Redundant() {
		return nil
	}
	n, err := a.Mismatches("check")
	if err == nil && n != 0 {
		err = fmt.Errorf("md/mismatch_cnt is %d after a check", n)
	}
	return err
}

// slowSpeed has a resync, in KiB/s, go on for longer than a test case takes.
const slowSpeed = "64"

// SlowSync has md resync, rebuild and reshape slowly from now on.
func (a *Array) SlowSync() error {
	return Steps(a.Setting("sync_speed_min", slowSpeed), a.Setting("sync_speed_max", slowSpeed))
}

// ResetSyncSpeed undoes [Array.SlowSync]; an array without a resync has no such attribute.
func (a *Array) ResetSyncSpeed() error {
	for _, attr := range []string{"sync_speed_max", "sync_speed_min"} {
		if err := a.Set(attr, "system"); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return nil
}

// BeginRebuild takes a member out, and puts it back when the data on it are out of date.
func (a *Array) BeginRebuild() error {
	return Steps(
		a.TakeOutFirst,
		Prefixed("degraded", a.Write),
		func() error { return a.Add(a.Members[0]) },
		a.WaitForAction("recover"),
	)
}

// CheckRebuilt has the member fail that has the same on it as the rebuilt one, or takes
// it for its parity.
func (a *Array) CheckRebuilt() error {
	return Steps(a.CheckNotDegraded, a.FailMember(1), Prefixed("from the rebuilt member", a.Verify))
}
