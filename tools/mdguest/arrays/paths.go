// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Requests of linux/loop.h.
const (
	loopSetFD      = 0x4c00
	loopClrFD      = 0x4c01
	loopCtlGetFree = 0x4c82
)

// makePaths replaces the members by loop devices that are all the first member: what
// is written by one path is read by another.
func (r *rig) makePaths() error {
	disk, err := os.OpenFile(r.members[0], os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	var paths []string
	for range r.level.members {
		path, err := r.attach(disk)
		if err != nil {
			return err
		}
		paths = append(paths, path)
	}
	r.members = paths
	return nil
}

// attach puts a loop device on a disk. Another lane may take the free one first.
func (r *rig) attach(disk *os.File) (string, error) {
	ctl, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer ctl.Close()
	for {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, ctl.Fd(), loopCtlGetFree, 0)
		if errno != 0 {
			return "", fmt.Errorf("LOOP_CTL_GET_FREE: %w", errno)
		}
		path := fmt.Sprintf("/dev/loop%d", n)
		loop, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return "", err
		}
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, loop.Fd(), loopSetFD, disk.Fd())
		if errno == unix.EBUSY {
			loop.Close()
			continue
		}
		if errno != 0 {
			loop.Close()
			return "", fmt.Errorf("LOOP_SET_FD %s: %w", path, errno)
		}
		r.loops = append(r.loops, loop)
		return path, nil
	}
}

// unpath lets the loop devices go; they do when the array has let go of them.
func (r *rig) unpath() error {
	var errs []error
	for _, loop := range r.loops {
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, loop.Fd(), loopClrFD, 0); errno != 0 {
			errs = append(errs, fmt.Errorf("LOOP_CLR_FD %s: %w", loop.Name(), errno))
		}
		errs = append(errs, loop.Close())
	}
	r.loops = nil
	return errors.Join(errs...)
}
