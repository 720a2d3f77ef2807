// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// ErrTooLong says that a program was ended because it did not end by itself.
var ErrTooLong = errors.New("did not end in time")

// RunMdadm runs mdadm, which is told "y" whatever it asks, for limit at the most. It
// returns what mdadm has printed. The error names the command and says how it ended,
// and wraps [ErrTooLong] where it had to be ended.
func RunMdadm(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, Mdadm(), args...)
	cmd.Stdin = strings.NewReader("y\ny\ny\n")
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %v", ErrTooLong, limit)
	}
	if err != nil {
		err = fmt.Errorf("mdadm %s: %w", args[0], err)
	}
	return string(out), err
}
