// SPDX-License-Identifier: BSD-3-Clause

// Package proc runs external tools so that nothing of them is left behind: a
// cancelled context interrupts the tool's whole process group and waits for
// it, and a crash of this process takes the tool down as well.
package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Grace is how long an interrupted tool has before its group is killed.
const Grace = 10 * time.Second

// settle bounds the wait for a dead leader's group to empty.
const settle = 2 * time.Second

// ErrKilled marks runs whose processes did not end by themselves: files that
// they were writing may be cut off.
var ErrKilled = errors.New("killed")

// Run starts cmd as the leader of a new process group and waits for it. When
// ctx ends it sends SIGINT to the group, then SIGKILL after [Grace], and
// returns ctx's error, with [ErrKilled] if it came to that. The tool gets SIGTERM
// if this process dies: make passes that on to its children, which a SIGKILL would
// orphan.
func Run(ctx context.Context, cmd *exec.Cmd) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// Pdeathsig follows the thread that forked, so it must not end early.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	// A grandchild that escaped may hold the pipes; do not wait for it.
	cmd.WaitDelay = Grace + settle
	if err := cmd.Start(); err != nil {
		return missing(cmd, err)
	}
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		interruptOnCancel(ctx, cmd.Process.Pid, stop)
	}()
	err := cmd.Wait()
	close(stop)
	<-stopped
	switch {
	case ctx.Err() != nil && (!reapGroup(cmd.Process.Pid) || killed(cmd)):
		return fmt.Errorf("%w (%w)", ctx.Err(), ErrKilled)
	case ctx.Err() != nil:
		return ctx.Err()
	case killed(cmd):
		return fmt.Errorf("%w (%w)", err, ErrKilled)
	}
	return err
}

// missing tells the package of a tool that could not be started because it is not
// there.
func missing(cmd *exec.Cmd, err error) error {
	pkg := Package(filepath.Base(cmd.Path))
	if pkg == "" || !errors.Is(err, exec.ErrNotFound) {
		return err
	}
	return &MissingError{Packages: []string{pkg}}
}

// killed reports whether the tool died of a signal that it could not handle.
func killed(cmd *exec.Cmd) bool {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// interruptOnCancel forwards the end of ctx to the group, politely at first.
func interruptOnCancel(ctx context.Context, group int, stop <-chan struct{}) {
	select {
	case <-stop:
		return
	case <-ctx.Done():
	}
	syscall.Kill(-group, syscall.SIGINT)
	select {
	case <-stop:
	case <-time.After(Grace):
		syscall.Kill(-group, syscall.SIGKILL)
	}
}

// reapGroup waits until no process of the group is left, and kills what outlived
// its leader; it reports whether that was not needed.
func reapGroup(group int) bool {
	if emptied(group) {
		return true
	}
	syscall.Kill(-group, syscall.SIGKILL)
	emptied(group)
	return false
}

// emptied waits for a group to be empty, and reports whether it is.
func emptied(group int) bool {
	deadline := time.Now().Add(settle)
	for syscall.Kill(-group, 0) == nil {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

// Output runs cmd as [Run] does and returns its standard output. An error
// carries the last lines of standard error.
func Output(ctx context.Context, cmd *exec.Cmd) ([]byte, error) {
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	if err := Run(ctx, cmd); err != nil {
		return out.Bytes(), Describe(cmd, err, msg.String())
	}
	return out.Bytes(), nil
}

// Combined runs cmd as [Run] does and returns all that it printed. It leaves it to
// the caller to show that with the error.
func Combined(ctx context.Context, cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := Run(ctx, cmd)
	return out.Bytes(), err
}

// Describe wraps err with the tool's name and the last lines that it printed.
func Describe(cmd *exec.Cmd, err error, printed string) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*MissingError)) {
		return err
	}
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	if len(lines) > 10 {
		lines = lines[len(lines)-10:]
	}
	what := strings.Join(cmd.Args[:min(len(cmd.Args), 2)], " ")
	return fmt.Errorf("%s: %w: %s", what, err, strings.Join(lines, "\n"))
}
