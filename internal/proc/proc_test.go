// SPDX-License-Identifier: BSD-3-Clause

package proc

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script prepares a shell script that runs in a new directory.
func script(t *testing.T, text string) (cmd *exec.Cmd, dir string) {
	t.Helper()
	cmd = Command("sh", "-c", text)
	cmd.Dir = t.TempDir()
	return cmd, cmd.Dir
}

// cancelWhen returns a context that ends when the file is there, with its whole line.
func cancelWhen(t *testing.T, path string) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for range 1000 {
			if text, _ := os.ReadFile(path); strings.HasSuffix(string(text), "\n") {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return ctx
}

// alive reports whether the process whose number a file holds is there, and no
// zombie.
func alive(t *testing.T, path string) bool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && syscall.Kill(pid, 0) == nil && !strings.Contains(string(status), ") Z ")
}

// A shell has its background jobs ignore SIGINT: what only the leader heard of
// would live on.
func TestCancelEndsGrandchildren(t *testing.T) {
	t.Parallel()
	cmd, dir := script(t, "sleep 1000 & echo $! >new; mv new pid; wait")
	err := Run(cancelWhen(t, filepath.Join(dir, "pid")), cmd)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrKilled) {
		t.Errorf("got %v", err)
	}
	if alive(t, filepath.Join(dir, "pid")) {
		t.Error("a grandchild lives on")
	}
}

func TestCancelIsPolite(t *testing.T) {
	t.Parallel()
	cmd, dir := script(t, "trap 'echo tidy >tidy; exit 1' INT; echo >pid; while :; do sleep 0.05; done")
	err := Run(cancelWhen(t, filepath.Join(dir, "pid")), cmd)
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrKilled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tidy")); err != nil {
		t.Error("the tool had no time to tidy up")
	}
}

func TestCancelledBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd, _ := script(t, "exit 0")
	if err := Run(ctx, cmd); !errors.Is(err, context.Canceled) || cmd.Process != nil {
		t.Errorf("got %v; process %v", err, cmd.Process)
	}
}

func TestKilledToolMayLeaveHalfFiles(t *testing.T) {
	cmd, _ := script(t, "kill -9 $$")
	if err := Run(t.Context(), cmd); !errors.Is(err, ErrKilled) {
		t.Errorf("got %v", err)
	}
	cmd, _ = script(t, "exit 1")
	if err := Run(t.Context(), cmd); err == nil || errors.Is(err, ErrKilled) {
		t.Errorf("a tool that fails by itself: %v", err)
	}
}

func TestOutput(t *testing.T) {
	cmd, _ := script(t, "echo out; echo err >&2")
	if out, err := Output(t.Context(), cmd); err != nil || string(out) != "out\n" {
		t.Errorf("%q, %v", out, err)
	}
	cmd, _ = script(t, "for i in $(seq 20); do echo line $i >&2; done; exit 3")
	_, err := Output(t.Context(), cmd)
	if err == nil {
		t.Fatal("no error")
	}
	for text, want := range map[string]bool{"sh -c: exit status 3: line 11\n": true, "line 20": true, "line 10\n": false} {
		if strings.Contains(err.Error(), text) != want {
			t.Errorf("the error holds %q: %v, want %v:\n%v", text, !want, want, err)
		}
	}
}

func TestCombined(t *testing.T) {
	cmd, _ := script(t, "echo out; echo err >&2; exit 1")
	if out, err := Combined(t.Context(), cmd); err == nil || string(out) != "out\nerr\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestMissingToolNamesItsPackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Output(t.Context(), Command("flex"))
	if !errors.As(err, new(*MissingError)) || err.Error() != "missing tools: apt-get install flex" {
		t.Errorf("got %v", err)
	}
	if err := Run(t.Context(), Command("nobody-knows-it")); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("a tool without a known package: %v", err)
	}
	if err := Require("xz", "ld", "xz", "cp"); err == nil || err.Error() != "missing tools: apt-get install binutils coreutils xz-utils" {
		t.Errorf("Require: %v", err)
	}
}

func TestRequireWhatIsThere(t *testing.T) {
	if err := Require("cp", "tar"); err != nil {
		t.Error(err)
	}
}
