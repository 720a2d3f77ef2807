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

// Mknod makes a block device node for a number at path, replacing what is
// there. A private node does not come and go with devtmpfs or udev, so an open
// of it always reaches the block layer.
func Mknod(path string, major, minor uint32) error {
	err := unix.Mknod(path, unix.S_IFBLK|0o600, int(unix.Mkdev(major, minor)))
	if errors.Is(err, unix.EEXIST) {
		if err = unix.Unlink(path); err == nil {
			err = unix.Mknod(path, unix.S_IFBLK|0o600, int(unix.Mkdev(major, minor)))
		}
	}
	if err != nil {
		return fmt.Errorf("mknod %s b %d %d: %w (run as root, not on a nodev mount)", path, major, minor, err)
	}
	return nil
}

// NumberOf returns the major and minor number behind a block device node.
func NumberOf(path string) (major, minor uint32, err error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFBLK {
		return 0, 0, fmt.Errorf("%s: not a block device", path)
	}
	return unix.Major(st.Rdev), unix.Minor(st.Rdev), nil
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
