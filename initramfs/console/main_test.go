// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal returns the two ends of a pseudo-terminal: a file to read what is printed on it,
// and its name.
func terminal(t *testing.T) (*os.File, string) {
	t.Helper()
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	fd := int(f.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	return f, fmt.Sprintf("/dev/pts/%d", n)
}

// printed runs a shell script as the shell and returns what stands on the console then.
func printed(t *testing.T, script string) string {
	t.Helper()
	shell := filepath.Join(t.TempDir(), "shell")
	if script != "" {
		if err := os.WriteFile(shell, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	screen, console := terminal(t)
	keep, err := os.OpenFile(console, os.O_RDWR|unix.O_NOCTTY, 0) // or the end of the shell would be the end of the terminal
	if err != nil {
		t.Fatal(err)
	}
	defer keep.Close()
	run(console, shell)
	var out strings.Builder
	buf := make([]byte, 4096)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		n, err := unix.Read(int(screen.Fd()), buf)
		if n > 0 {
			out.Write(buf[:n])
		}
		if err == unix.EAGAIN && out.Len() > 0 {
			break
		}
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

// TestShellIsOnTheConsole: the shell sees a terminal, and how it ends does not matter.
func TestShellIsOnTheConsole(t *testing.T) {
	if got := printed(t, "test -t 0 && test -t 1 && test -t 2 && echo all three; exit 3"); got != "all three\n" {
		t.Errorf("printed %q, want that all three files are a terminal", got)
	}
}

// TestInterrupt sends what ^C sends: this program stays, and what runs in the shell would not
// ignore it.
func TestInterrupt(t *testing.T) {
	got := printed(t, `kill -INT $PPID; kill -QUIT $PPID; sleep 0.1; echo still here; grep SigIgn /proc/self/status`)
	if !strings.HasPrefix(got, "still here\n") {
		t.Fatalf("printed %q", got)
	}
	var ignored uint64
	if _, err := fmt.Sscanf(got[strings.Index(got, "SigIgn:"):], "SigIgn: %x", &ignored); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if ignored&(1<<(unix.SIGINT-1)|1<<(unix.SIGQUIT-1)) != 0 {
		t.Errorf("the shell's programs ignore ^C: %x", ignored)
	}
}

func TestNoShell(t *testing.T) {
	if got := printed(t, ""); !strings.Contains(got, "no such file or directory") {
		t.Errorf("printed %q, want that there is no shell", got)
	}
}

func TestNoConsole(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	shell := filepath.Join(t.TempDir(), "shell")
	if err := os.WriteFile(shell, []byte("#!/bin/sh\ntouch "+ran), 0o755); err != nil {
		t.Fatal(err)
	}
	run(filepath.Join(t.TempDir(), "console"), shell)
	if _, err := os.Stat(ran); err == nil {
		t.Error("the shell ran without a console")
	}
}
