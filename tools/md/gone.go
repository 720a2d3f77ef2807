// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
)

// Exists reports whether /sys/block lists a device of this name, at the cost of
// one access(2).
func Exists(name string) bool {
	return unix.Access(sysPath(name), unix.F_OK) == nil
}

// WaitGone waits until /sys/block no longer lists the device and reports whether
// that happened within limit. It looks every millisecond at least.
func WaitGone(name string, limit time.Duration) bool {
	return wait.Until(context.Background(), limit, time.Millisecond, func() (bool, error) {
		return !Exists(name), nil
	}) == nil
}

// SpinGone is WaitGone for measuring: it looks all the time for the first 20 ms,
// but lets other threads have the CPU between two looks.
func SpinGone(name string, limit time.Duration) bool {
	for start := time.Now(); Exists(name); {
		waited := time.Since(start)
		if waited > limit {
			return false
		}
		if waited > 20*time.Millisecond {
			time.Sleep(time.Millisecond)
		}
		_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	}
	return true
}

// Left lists the places that still name a device: /sys/block/NAME,
// /proc/partitions, /proc/mdstat and /dev/NAME, in this order. A place that
// cannot be read counts as naming it, with the reason.
func Left(name string) []string {
	var left []string
	if Exists(name) {
		left = append(left, sysPath(name))
	}
	for _, table := range []struct {
		path string
		col  int
	}{{"/proc/partitions", 3}, {"/proc/mdstat", 0}} {
		found, err := columnHas(table.path, table.col, name)
		switch {
		case err != nil:
			left = append(left, table.path+" (cannot be read: "+err.Error()+")")
		case found:
			left = append(left, table.path)
		}
	}
	if unix.Access("/dev/"+name, unix.F_OK) == nil {
		left = append(left, "/dev/"+name)
	}
	return left
}

// Devices lists the md arrays in /sys/block by name, sorted: md0, md_home,
// md_d1. An empty list is not nil.
func Devices() []string {
	names := []string{}
	paths, _ := filepath.Glob(sysBlock + "/md*") // the pattern is well-formed
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	sort.Strings(names)
	return names
}

// columnHas looks for a word in one column of a table in /proc.
func columnHas(path string, col int, word string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if cols := strings.Fields(lines.Text()); len(cols) > col && cols[col] == word {
			return true, nil
		}
	}
	return false, lines.Err()
}

// Remove gets rid of an array as a user can: it opens it, stops it
// (STOP_ARRAY), closes it, and waits for it to go. A missing device is no error; EBUSY:
// it was not stopped, for somebody else had it open.
func Remove(name string, limit time.Duration) error {
	_, minor, err := DevNumber(name)
	if err != nil {
		if WaitGone(name, limit) {
			return nil
		}
		return fmt.Errorf("/sys/block/%s/dev: %w", name, err)
	}
	node, remove, err := PrivateNode(Major, minor)
	if err != nil {
		return err
	}
	defer remove()
	fd, err := Open(node, unix.O_RDWR)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	stop := StopArray(fd)
	unix.Close(fd)
	switch {
	case WaitGone(name, limit):
		return nil
	case stop != nil:
		return fmt.Errorf("%s is still there %v after STOP_ARRAY and close: %w", name, limit, stop)
	}
	return fmt.Errorf("%s is still there %v after STOP_ARRAY (ok) and close", name, limit)
}
