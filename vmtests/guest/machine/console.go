// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"os"

	"golang.org/x/sys/unix"
)

// ignoreLevel is printk's switch that sends every message to the console.
const ignoreLevel = "/sys/module/printk/parameters/ignore_loglevel"

// warnings is the console level at which warnings and worse are shown.
const warnings = 5

// QuietConsole keeps messages below a warning off the console until the
// function that it returns is called: md prints "md0 stopped" for every stop,
// and a serial console would slow a race down to its own speed. Warnings, lock
// reports and oopses are shown all the same, and the kernel's log has all.
func QuietConsole() (restore func()) {
	was, err := os.ReadFile(ignoreLevel)
	if err != nil {
		return func() {} // then the level that init has set is in force
	}
	_ = os.WriteFile(ignoreLevel, []byte("N"), 0)
	// The level is passed as the buffer's length.
	_, _ = unix.Klogctl(unix.SYSLOG_ACTION_CONSOLE_LEVEL, make([]byte, warnings))
	return func() { _ = os.WriteFile(ignoreLevel, was, 0) }
}
