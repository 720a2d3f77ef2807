// SPDX-License-Identifier: BSD-3-Clause

// Package md controls Linux software RAID arrays from user space: the ioctls
// of include/uapi/linux/raid/md_u.h, the attributes under /sys/block/mdX/md,
// creation by name, and the question "is the device gone?".
//
// Calls that race code makes return the kernel's errno as it came (a
// [unix.Errno]), with no text around it, so that callers can count it; they
// never retry, EINTR included. Superblocks are left to the kernel and mdadm.
package md

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Major is the block major number of md arrays (MD_MAJOR in
// include/uapi/linux/major.h). Partitionable arrays (mdp) have a dynamic one.
const Major = 9

// FirstNamedMinor is the lowest minor number that md gives to an array created
// by name (drivers/md/md.c, mddev_alloc_unit). md_probe does not create
// devices from this number on.
const FirstNamedMinor = 512

// Open opens a device node with one open(2) call and O_CLOEXEC added. The
// error is the errno. Unlike os.Open it does not retry on EINTR.
func Open(path string, flags int) (int, error) {
	return unix.Open(path, flags|unix.O_CLOEXEC, 0)
}

// Name returns the kernel's name of the numbered array with this minor.
func Name(minor uint32) string { return fmt.Sprintf("md%d", minor) }

// ErrnoName returns "ok" for nil, the errno's symbol ("ENXIO") for an errno,
// wrapped or not, and the text of any other error.
func ErrnoName(err error) string {
	if err == nil {
		return "ok"
	}
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", int(errno))
}

// sysBlock is where the kernel lists block devices.
const sysBlock = "/sys/block"

func sysPath(name string, attr ...string) string {
	return filepath.Join(append([]string{sysBlock, name}, attr...)...)
}
