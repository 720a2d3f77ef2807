// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestCoarseTimers: each thread's timers may be late, that of the run time's too, and then
// are as before.
func TestCoarseTimers(t *testing.T) {
	undo, err := CoarseTimers(300 * time.Microsecond)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip("takes CAP_SYS_NICE, as a guest's init has")
	}
	if err != nil {
		t.Fatal(err)
	}
	wantSlack(t, "300000")
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	wantSlack(t, "50000")
}

func wantSlack(t *testing.T, want string) {
	t.Helper()
	if _, err := os.Stat("/proc/self/timerslack_ns"); err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		got, err := os.ReadFile("/proc/" + thread.Name() + "/timerslack_ns")
		if err != nil && os.IsNotExist(err) {
			continue
		}
		if strings.TrimSpace(string(got)) != want {
			t.Errorf("thread %s: %q, %v", thread.Name(), got, err)
		}
	}
}
