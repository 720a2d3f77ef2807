// SPDX-License-Identifier: BSD-3-Clause

package windows

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/racepoint"
)

// How long things may take that need not wait for anything, how long a device may
// stay when nobody needs it, how long it is tried to clean up, and how long a call
// must have slept in the kernel, without waking up, to count as waiting.
const (
	soon     = 3 * time.Second // longer than racepoint's cap
	goes     = 1500 * time.Millisecond
	giveUp   = time.Second // in removing what is left of a script
	sleeping = 20 * time.Millisecond
	tick     = time.Millisecond
	pause    = 50 * time.Millisecond
)

// actor makes system calls on a thread of its own, one after the other.
type actor struct {
	name    string
	tid     int
	fd      int          // what it has open, or -1
	child   atomic.Int32 // the process that it runs, 0: none, starting: not yet
	jobs    chan func()
	pending *call // the last call, until its result was asked for
}

// starting stands for a process that does not run yet.
const starting = -1

// call is a system call under way.
type call struct {
	what   string
	begun  atomic.Bool
	result chan error // the errno
}

func newActor(name string) (*actor, error) {
	a := &actor{name: name, fd: -1, jobs: make(chan func())}
	tid := make(chan int)
	locked := make(chan error, 1)
	go func() {
		locked <- md.LockThread()
		tid <- unix.Gettid()
		for job := range a.jobs {
			job()
		}
	}()
	err := <-locked
	a.tid = <-tid
	return a, err
}

// start begins a call, once the one before has succeeded.
func (a *actor) start(what string, f func() error) error {
	if err := a.gets("ok"); err != nil {
		return err
	}
	c := &call{what: what, result: make(chan error, 1)}
	a.pending = c
	a.jobs <- func() {
		c.begun.Store(true)
		c.result <- f()
	}
	return nil
}

// gets fails unless the call under way, if any, returns soon with this errno.
func (a *actor) gets(want string) error {
	c := a.pending
	if c == nil {
		return nil
	}
	select {
	case err := <-c.result:
		a.pending = nil
		return a.compare(c, err, want)
	case <-time.After(soon):
		return brokenf(gotHang, "%s's %s does not return within %v; it is at %s", a.name, c.what, soon, machine.KernelStack(a.sleeper()))
	}
}

func (a *actor) compare(c *call, err error, want string) error {
	if got := md.ErrnoName(err); got != want {
		return brokenf(got, "%s's %s got %s instead of %s", a.name, c.what, got, want)
	}
	return nil
}

// comesTo fails if the call under way returns before the actor is held. Where it does
// neither, [reaches] reports that.
func (a *actor) comesTo(point string) error {
	c := a.pending
	err := wait.Until(context.Background(), soon, tick, func() (bool, error) {
		st, err := racepoint.Look(point)
		if err != nil || isHolding(st) {
			return true, err
		}
		select {
		case err := <-c.result:
			a.pending = nil
			return false, brokenf(gotNotForced, "%s's %s returned (%s) without coming to its place", a.name, c.what, md.ErrnoName(err))
		default:
			return false, nil
		}
	})
	if errors.Is(err, wait.ErrTimeout) {
		return nil
	}
	return err
}

// waits fails unless the call under way comes to sleep in the kernel, and uses no
// CPU there: one that wakes up again and again to look is switched to.
func (a *actor) waits() error {
	c := a.pending
	if c == nil {
		return fmt.Errorf("%s has nothing to wait for", a.name)
	}
	var since time.Time
	var switched string
	err := wait.Until(context.Background(), soon, tick, func() (bool, error) {
		select {
		case err := <-c.result:
			a.pending = nil
			return false, brokenf(md.ErrnoName(err), "%s's %s got %s instead of waiting", a.name, c.what, md.ErrnoName(err))
		default:
		}
		now, asleep := a.rest()
		switch {
		case !c.begun.Load() || !asleep:
			since = time.Time{}
		case since.IsZero() || now != switched:
			since, switched = time.Now(), now
		}
		return !since.IsZero() && time.Since(since) > sleeping, nil
	})
	if errors.Is(err, wait.ErrTimeout) {
		return brokenf("busy", "%s's %s neither sleeps nor returns within %v", a.name, c.what, soon)
	}
	return err
}

// sleeper is who carries out the call: the thread, or the process that it runs,
// of which nothing can be seen while it is starting.
func (a *actor) sleeper() int {
	if pid := a.child.Load(); pid != 0 {
		return int(pid)
	}
	return a.tid
}

// rest reports whether whoever carries out the call sleeps, interruptibly or not,
// and how often it has been switched away from: a number that stays as it is while
// it sleeps.
func (a *actor) rest() (switched string, asleep bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.sleeper()))
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "State":
			asleep = strings.HasPrefix(value, "S") || strings.HasPrefix(value, "D")
		case "voluntary_ctxt_switches":
			switched = value
		}
	}
	return switched, asleep
}

// unblock lets the thread take SIGURG, to which Go's run time pays no heed.
func (a *actor) unblock() error {
	return a.finish("sigmask", func() error {
		var set unix.Sigset_t
		set.Val[0] = 1 << (unix.SIGURG - 1)
		return unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil)
	})
}

// signal sends SIGURG to the thread.
func (a *actor) signal() error { return unix.Tgkill(os.Getpid(), a.tid, unix.SIGURG) }

// mdadm runs mdadm on the device node: a process of its own can be killed.
func (a *actor) mdadm(node string) error {
	return a.start("mdadm", func() error {
		cmd := exec.Command(machine.Mdadm(), "--detail", node)
		a.child.Store(starting)
		defer a.child.Store(0)
		if err := cmd.Start(); err != nil {
			return err
		}
		a.child.Store(int32(cmd.Process.Pid))
		err := cmd.Wait()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return errKilled
		}
		if err != nil {
			return errFailed
		}
		return nil
	})
}

// Outcomes of a process.
var (
	errKilled = errors.New("killed")
	errFailed = errors.New("failed") // an exit code other than 0
)

// kill kills the process that the actor runs.
func (a *actor) kill() error {
	pid := int(a.child.Load())
	if pid <= 0 {
		return fmt.Errorf("%s runs no process", a.name)
	}
	return unix.Kill(pid, unix.SIGKILL)
}

// open opens a device node.
func (a *actor) open(node string, flags int) error {
	if a.fd >= 0 {
		return fmt.Errorf("%s has the device open already", a.name)
	}
	return a.start("open", func() error {
		fd, err := md.Open(node, flags)
		if err == nil {
			a.fd = fd
		}
		return err
	})
}

// close begins to close what the actor has open: the last close waits for the
// removal of the device.
func (a *actor) close() error { return a.start("close", a.closeFD) }

// closeFD closes what the actor has open, in the thread that calls it.
func (a *actor) closeFD() error {
	fd := a.fd
	a.fd = -1
	return unix.Close(fd)
}

// finish is start, and waits until the call has returned 0.
func (a *actor) finish(what string, f func() error) error {
	if err := a.start(what, f); err != nil {
		return err
	}
	return a.gets("ok")
}

// withFD begins a call on what the actor has open.
func (a *actor) withFD(what string, f func(fd int) error) error {
	return a.start(what, func() error { return f(a.fd) })
}

// leave ends the actor's part: the call under way is awaited, and what it has
// open is closed. The error is that of the call. An actor that hangs is left.
func (a *actor) leave() error {
	err := a.gets("ok")
	if a.pending != nil {
		return err
	}
	if a.fd >= 0 {
		err = errors.Join(err, a.finish("close", a.closeFD))
	}
	close(a.jobs)
	return err
}
