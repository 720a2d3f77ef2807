// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// LockThread ties the goroutine to its thread and blocks every signal there,
// for good: the thread ends with the goroutine.
//
// Go's run time interrupts threads with SIGURG, and an interruptible sleep in
// the kernel answers any signal that is not blocked with EINTR, which R7 allows
// only for fatal ones. With all signals blocked but SIGKILL, an EINTR that the
// thread gets is the kernel's fault. ^C still reaches the process on another
// thread.
func LockThread() error {
	runtime.LockOSThread()
	var all unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^uint64(0)
	}
	return unix.PthreadSigmask(unix.SIG_SETMASK, &all, nil)
}

// OnThread runs f on a thread of its own that has every signal blocked (see
// [LockThread]), waits for it and returns its error.
func OnThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := LockThread()
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}
