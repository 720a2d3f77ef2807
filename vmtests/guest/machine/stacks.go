// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// groupStacks says in one line what the processes of a group wait for in the kernel:
// "mdadm(123) in hrtimer_nanosleep < do_nanosleep", the innermost function first (proc(5),
// /proc/PID/stack).
func groupStacks(group int) string {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, dir := range dirs {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(dir), "%d", &pid); err != nil {
			continue
		}
		if g, err := unix.Getpgid(pid); err != nil || g != group {
			continue
		}
		comm, _ := os.ReadFile(dir + "/comm")
		stack, _ := os.ReadFile(dir + "/stack")
		all = append(all, fmt.Sprintf("%s(%d) in %s", strings.TrimSpace(string(comm)), pid, functions(string(stack))))
	}
	return strings.Join(all, ", ")
}

// stackDepth is how many functions of a stack tell what is waited for.
const stackDepth = 8

// functions are those of a stack, without addresses and what all have in common.
func functions(stack string) string {
	var names []string
	for line := range strings.Lines(stack) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, _, _ = strings.Cut(name, "+")
		if len(names) == stackDepth || name == "do_syscall_64" {
			break
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "user space"
	}
	return strings.Join(names, " < ")
}
