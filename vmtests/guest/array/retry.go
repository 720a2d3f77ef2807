// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
)

// Retry tries something again, whatever its error, that the opener or udevd may be in the
// way of. It goes on where a test case's time is over: it is used for cleaning up, too.
func Retry(f func() error) error {
	var err error
	_ = wait.Until(context.Background(), GoneLimit, 2*time.Millisecond, func() (bool, error) { // else err says more
		err = f()
		return err == nil, nil
	})
	return err
}

// RetryBusy tries something again for as long as it is refused because somebody has
// claimed a device: udevd's rules have mdadm look at one now and then. Other errors are
// returned at once.
func RetryBusy(f func() error) error {
	var err error
	_ = wait.Until(context.Background(), GoneLimit, 20*time.Millisecond, func() (bool, error) {
		err = f()
		return !isBusy(err), nil
	})
	return err
}

// isBusy reports whether an error, of a call or of a program, says that a device is in use.
func isBusy(err error) bool {
	return err != nil && (errors.Is(err, unix.EBUSY) || strings.Contains(err.Error(), "Device or resource busy"))
}

// WaitForNode waits until a device node is there.
func WaitForNode(node string) error {
	err := wait.Until(context.Background(), GoneLimit, time.Millisecond, func() (bool, error) {
		_, err := os.Stat(node)
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s does not appear: %w", node, err)
	}
	return nil
}
