// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestFunctions(t *testing.T) {
	stack := "[<0>] hrtimer_nanosleep+0xa9/0x180\n[<0>] __x64_sys_clock_nanosleep+0x1/0x2\n[<0>] do_syscall_64+0x54/0x80\n[<0>] entry_SYSCALL_64_after_hwframe\n"
	for stack, want := range map[string]string{
		stack: "hrtimer_nanosleep < __x64_sys_clock_nanosleep",
		"":    "user space",
	} {
		if got := functions(stack); got != want {
			t.Errorf("%q: %q, want %q", stack, got, want)
		}
	}
}

// TestGroupStacks: a process of the group is there by name, and one of another is not.
func TestGroupStacks(t *testing.T) {
	cmd := exec.Command("sleep", "30")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	got := groupStacks(cmd.Process.Pid)
	if want := fmt.Sprintf("(%d) in ", cmd.Process.Pid); !strings.Contains(got, want) || strings.Contains(got, fmt.Sprintf("(%d)", os.Getpid())) {
		t.Errorf("%q, want %q and no other", got, want)
	}
}
