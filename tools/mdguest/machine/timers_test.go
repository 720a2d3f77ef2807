// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestCoarseTimers: each thread's timers may be late, that of the run time's too.
func TestCoarseTimers(t *testing.T) {
	if err := CoarseTimers(300 * time.Microsecond); err != nil {
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
		if strings.TrimSpace(string(got)) != "300000" {
			t.Errorf("thread %s: %q, %v", thread.Name(), got, err)
		}
	}
}
