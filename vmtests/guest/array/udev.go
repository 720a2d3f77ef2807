// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"
	"os/exec"
)

// SettleUdev waits until udevd has nothing to do. It reads a device that somebody has written to, with the
// device's lock held: where that read must wait, so does whoever opens the device.
func (a *Array) SettleUdev() error {
	out, err := exec.CommandContext(a.ctx, "/usr/bin/udevadm", "settle", "--timeout=10").CombinedOutput()
	if err != nil {
		return fmt.Errorf("udevadm settle: %w %s", err, out)
	}
	return nil
}
