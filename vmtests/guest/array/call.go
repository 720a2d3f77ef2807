// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// Call is a system call, or a few, on a thread of its own, which may have to wait.
type Call struct {
	what   string
	thread atomic.Int64 // its number, once it has begun
	done   chan struct{}
	err    error // valid once done is closed
}

// Begin begins a call on a thread of its own. Its error says what it is.
func Begin(what string, call func() error) *Call {
	c := &Call{what: what, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		if c.err = md.LockThread(); c.err == nil {
			c.thread.Store(int64(unix.Gettid()))
			c.err = call()
		}
	}()
	return c
}

// Over reports whether the call has returned.
func (c *Call) Over() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// waits reports whether the call sleeps in the kernel: where no signal ends it, or for a lock.
func (c *Call) waits() bool {
	id := c.thread.Load()
	switch threadState(id) {
	case "D":
		return true
	case "S": // so does the Go runtime, on a futex
		stack := machine.KernelStack(int(id))
		return stack != "user space" && !strings.Contains(stack, "futex")
	}
	return false
}

// threadState returns the state of a thread of any process: "D" for an uninterruptible sleep.
func threadState(id int64) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may have anything in it
	state, _, _ := strings.Cut(rest, " ")
	return state
}

// steadyLooks is how often in a row something must look the same that holds still.
const steadyLooks = 3

// Held waits until each call has returned or waits in the kernel for something, and does not
// go on by itself.
func (a *Array) Held(calls ...*Call) error {
	steady, busy := 0, &Call{}
	err := wait.Until(a.ctx, GoneLimit, 15*time.Millisecond, func() (bool, error) {
		steady++
		for _, c := range calls {
			if !c.Over() && !c.waits() {
				steady, busy = 0, c
			}
		}
		return steady == steadyLooks, nil
	})
	if err != nil {
		id := busy.thread.Load()
		return fmt.Errorf("%s neither returns nor waits, but is %s in %s: %w", busy.what, threadState(id), machine.KernelStack(int(id)), err)
	}
	return nil
}

// CallLimit is how long a call may take that nothing holds any more: less than a task has to
// hang for the kernel to report it, which would end the guest.
const CallLimit = 12 * time.Second

// End waits for a call that nothing holds any more, and returns its error. A call that does not
// return in time hangs for good.
func (c *Call) End(limit time.Duration) error {
	select {
	case <-c.done:
	case <-time.After(limit):
		return c.hangs(limit)
	}
	if c.err != nil {
		return fmt.Errorf("%s: %w", c.what, c.err)
	}
	return nil
}

// ErrHangs is what the error wraps of a call that does not return.
var ErrHangs = errors.New("does not return")

// hangs says where a call hangs. That is in the test case's result, so the kernel must not end the
// guest for it.
func (c *Call) hangs(limit time.Duration) error {
	err := fmt.Errorf("%s %w: after %v it is in %s", c.what, ErrHangs, limit, machine.KernelStack(int(c.thread.Load())))
	return errors.Join(err, machine.ForgiveHangs())
}

// Timely makes a call that must return soon.
func Timely(what string, call func() error) func() error {
	return func() error { return Begin(what, call).End(CallLimit) }
}

// CPUTime returns how much time of a CPU the call's thread has taken so far. The thread's own file is below
// task: /proc/<thread>/stat counts all threads of the process (fs/proc/array.c, do_task_stat()).
func (c *Call) CPUTime() (time.Duration, error) {
	var user, system uint64
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", c.thread.Load()))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	if fields := strings.Fields(rest); len(fields) > 12 { // utime and stime are fields 14 and 15
		if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
			return 0, err
		}
	}
	const perTick = time.Second / 100 // USER_HZ
	return time.Duration(user+system) * perTick, nil
}
