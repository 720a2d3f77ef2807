// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// ErrTooLong says that a program was ended because it did not end by itself.
var ErrTooLong = errors.New("did not end in time")

// RunMdadm runs mdadm, which is told "y" whatever it asks, for limit at the most. It
// returns what mdadm has printed, and what it has left running in the background has
// ended then, too (a reshape's helper). The error names the command and says how it
// ended, and wraps [ErrTooLong] where it, or what it left, had to be ended, with what it
// was waiting for.
func RunMdadm(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, Mdadm(), args...)
	cmd.Stdin = strings.NewReader("y\ny\ny\n")
	// A helper has the pipe to here, and is in mdadm's group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = limit
	var stacks string
	cmd.Cancel = func() error {
		stacks = groupStacks(cmd.Process.Pid)
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrWaitDelay):
		err = fmt.Errorf("%w: %v, in the background: %s", ErrTooLong, limit, groupStacks(cmd.Process.Pid))
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	case ctx.Err() != nil:
		err = fmt.Errorf("%w: %v: %s", ErrTooLong, limit, stacks)
	}
	if err != nil {
		err = fmt.Errorf("mdadm %s: %w", args[0], err)
	}
	return string(out), err
}
