// SPDX-License-Identifier: BSD-3-Clause

package mdadm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"mdlife/internal/wait"
	"mdlife/vmtests/guest/machine"
)

// Udevd is a running systemd-udevd.
type Udevd struct{ cmd *exec.Cmd }

// control is there once systemd-udevd listens.
const control = "/run/udev/control"

// StartUdevd starts systemd-udevd and waits until it listens.
func StartUdevd(ctx context.Context) (*Udevd, error) {
	path := machine.Udevd()
	if path == "" {
		return nil, fmt.Errorf("systemd-udevd is not in this image (Debian package udev)")
	}
	u := &Udevd{exec.Command(path)}
	u.cmd.Stdout, u.cmd.Stderr = os.Stderr, os.Stderr
	// A group of its own, so that its workers end with it.
	u.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := u.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	err := wait.Until(ctx, 10*time.Second, 2*time.Millisecond, func() (bool, error) {
		_, err := os.Stat(control)
		return err == nil, nil
	})
	if err != nil {
		u.End()
		return nil, fmt.Errorf("%s does not listen on %s: %w", path, control, err)
	}
	return u, nil
}

// endLimit is how long it is waited for udevd's end: it never comes where udevd reads an array that hangs.
const endLimit = 5 * time.Second

// End kills udevd and its workers.
func (u *Udevd) End() {
	_ = syscall.Kill(-u.cmd.Process.Pid, syscall.SIGKILL)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = u.cmd.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(endLimit):
	}
	_ = os.Remove(control)
}
