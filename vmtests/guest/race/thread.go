// SPDX-License-Identifier: BSD-3-Clause

package race

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// thread is an operating system thread that races, with every signal blocked
// (see [md.LockThread]), and what others may know of it while it does.
type thread struct {
	what   string
	race   *race
	counts counts
	tid    atomic.Int64
	steps  atomic.Int64 // grows with every call; a hung thread's stands still
	inCall atomic.Int64 // the call it is in, or noCall
	done   chan struct{}
}

const noCall = -1

func (t *thread) init(what string, r *race) {
	t.what, t.race, t.done = what, r, make(chan struct{})
	t.inCall.Store(noCall)
}

// start runs body on a thread of its own.
func (t *thread) start(body func()) {
	go func() {
		defer close(t.done)
		if err := md.LockThread(); err != nil {
			t.race.note("cannot block signals: %v; EINTR may be ours", err)
		}
		t.tid.Store(int64(unix.Gettid()))
		body()
	}()
}

func (t *thread) enter(kind call) {
	t.inCall.Store(int64(kind))
	t.steps.Add(1)
}

func (t *thread) idle() { t.inCall.Store(noCall) }

// nap sleeps in the kernel, not in Go's scheduler, which would hand the thread
// over; the steps go on.
func (t *thread) nap(d time.Duration) {
	t.idle()
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil)
}

// stuck describes a thread that hangs in a call: which, and its kernel stack.
func (t *thread) stuck() string {
	return fmt.Sprintf("%s hangs in %s: %s", t.what, callNames[t.inCall.Load()], machine.KernelStack(int(t.tid.Load())))
}

// ended reports whether the thread has left its loop.
func (t *thread) ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}
