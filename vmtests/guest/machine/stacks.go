// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// KernelStack returns where in the kernel a thread or process sleeps, in one line, the
// innermost function first: "hrtimer_nanosleep < do_nanosleep" (proc(5), /proc/PID/stack).
// Where that cannot be read it returns the reason.
func KernelStack(id int) string {
	// A thread's number is not listed in /proc, but it is there.
	stack, err := os.ReadFile(fmt.Sprintf("/proc/%d/stack", id))
	if err != nil {
		return err.Error()
	}
	return functions(string(stack))
}

// groupStacks describes in one line where in the kernel the processes of a group sleep:
// "mdadm(123) in hrtimer_nanosleep < do_nanosleep".
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
		all = append(all, fmt.Sprintf("%s(%d) in %s", strings.TrimSpace(string(comm)), pid, KernelStack(pid)))
	}
	return strings.Join(all, ", ")
}

// stackDepth is how many functions of a stack are enough to see what is waited for.
const stackDepth = 8

// functions returns the names of a stack's functions, without addresses and without
// those of the system call's entry, which all stacks have in common.
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
