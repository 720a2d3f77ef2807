// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// CoarseTimers lets the timers of this program's threads be late by so much, and of the
// threads and processes that they start (proc(5), /proc/PID/timerslack_ns). Go's run time
// has a thread that sleeps for 20 µs again and again while others are in system calls,
// which all are for longer than that where each instruction is emulated: two thirds of
// the guest's timer interrupts were its.
func CoarseTimers(late time.Duration) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range threads {
		// A thread's number is not listed in /proc, but it is there.
		err := os.WriteFile(filepath.Join("/proc", t.Name(), "timerslack_ns"), []byte(strconv.FormatInt(late.Nanoseconds(), 10)), 0)
		if !errors.Is(err, os.ErrNotExist) { // it has ended
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("coarse timers: %w", err)
	}
	return nil
}
