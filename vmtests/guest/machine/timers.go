// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// usualSlack is the kernel's, of a thread that nobody has told otherwise.
const usualSlack = 50 * time.Microsecond

// CoarseTimers lets the timers of this program's threads be late by so much, and of the
// threads and processes that they start (proc(5), /proc/PID/timerslack_ns). Go's run time
// has a thread that sleeps for 20 µs again and again while others are in system calls,
// which all are for longer than that where each instruction is emulated: two thirds of
// the guest's timer interrupts were its. undo has them as they usually are. It takes
// CAP_SYS_NICE.
func CoarseTimers(late time.Duration) (undo func() error, err error) {
	return func() error { return setSlack(usualSlack) }, setSlack(late)
}

// setSlack tells all threads, and looks again until it has met no new one: that may have
// been started by one that had not been told yet.
func setSlack(late time.Duration) error {
	told := map[string]bool{}
	for {
		n := len(told)
		if err := tellThreads(late, told); err != nil {
			return fmt.Errorf("coarse timers: %w", err)
		}
		if len(told) == n {
			return nil
		}
	}
}

// tellThreads tells those that have not been told.
func tellThreads(late time.Duration, told map[string]bool) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	value := []byte(strconv.FormatInt(late.Nanoseconds(), 10))
	var errs []error
	for _, t := range threads {
		if told[t.Name()] {
			continue
		}
		told[t.Name()] = true
		// A thread's number is not listed in /proc, but it is there.
		err := os.WriteFile(filepath.Join("/proc", t.Name(), "timerslack_ns"), value, 0)
		if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.ESRCH) { // it has ended
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
