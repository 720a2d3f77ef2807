// SPDX-License-Identifier: BSD-3-Clause

// Package machine sets up the guest that it runs in, and switches it off.
package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
)

// mounts are what the checks and Debian's tools need. u-root's init makes
// some of them.
var mounts = []struct{ fstype, dir string }{
	{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"},
	{"debugfs", "/sys/kernel/debug"}, {"tmpfs", "/run"}, {"tmpfs", "/tmp"},
}

// Mount mounts what is missing of proc, sysfs, devtmpfs, debugfs, and tmpfs on
// /run and /tmp.
func Mount() error {
	var errs []error
	for _, m := range mounts {
		if isMount(m.dir) {
			continue
		}
		err := os.MkdirAll(m.dir, 0o755)
		if err == nil {
			err = unix.Mount(m.fstype, m.dir, m.fstype, 0, "")
		}
		if err != nil && !errors.Is(err, unix.EBUSY) { // EBUSY: it is there already
			errs = append(errs, fmt.Errorf("mount %s on %s: %w", m.fstype, m.dir, err))
		}
	}
	return errors.Join(errs...)
}

// isMount reports whether dir is on another device than its parent.
func isMount(dir string) bool {
	var st, parent unix.Stat_t
	return unix.Stat(dir, &st) == nil && unix.Stat(dir+"/..", &parent) == nil && st.Dev != parent.Dev
}

// BootInfo describes the machine. The versions of mdadm and systemd-udevd come
// from running them, both at once.
func BootInfo() event.BootInfo {
	h := event.BootInfo{CPUs: onlineCPUs()}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		h.Release = unix.ByteSliceToString(uts.Release[:])
		h.Version = unix.ByteSliceToString(uts.Version[:])
	}
	var both sync.WaitGroup
	both.Go(func() { h.Mdadm = MdadmVersion() })
	both.Go(func() { h.Udevd = firstLine(Udevd(), "--version") })
	both.Wait()
	return h
}

// onlineCPUs counts the guest's CPUs, whatever GOMAXPROCS and affinity say.
func onlineCPUs() int {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	n := 0
	for line := range strings.Lines(string(stat)) {
		if strings.HasPrefix(line, "cpu") && !strings.HasPrefix(line, "cpu ") {
			n++
		}
	}
	return n
}

// Mdadm returns the path of Debian's mdadm, "" if absent.
func Mdadm() string { return first("/sbin/mdadm", "/usr/sbin/mdadm") }

// MdadmVersion returns the first line of mdadm --version, "" if there is no mdadm.
func MdadmVersion() string { return firstLine(Mdadm(), "--version") }

// Udevd returns the path of systemd-udevd, "" if absent.
func Udevd() string { return first("/lib/systemd/systemd-udevd", "/usr/lib/systemd/systemd-udevd") }

func first(paths ...string) string {
	for _, p := range paths {
		if unix.Access(p, unix.X_OK) == nil {
			return p
		}
	}
	return ""
}

// firstLine runs a program and returns the first line that it prints, "" if
// that fails. mdadm prints its version to stderr.
func firstLine(path string, args ...string) string {
	if path == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil {
		return ""
	}
	return line
}

// PowerOff switches the machine off, or restarts it where it cannot be switched
// off, which under QEMU's -no-reboot ends it too. It returns only an error.
func PowerOff() error {
	unix.Sync()
	off := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	again := unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	return fmt.Errorf("neither power off (%v) nor restart (%v) worked", off, again)
}
