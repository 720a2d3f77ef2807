// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
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

// AttachLoop puts a free loop device on an open disk and returns it. Another may take
// the free one first: then it looks for the next.
func AttachLoop(disk int) (*os.File, error) {
	ctl, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer ctl.Close()
	for {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, ctl.Fd(), loopCtlGetFree, 0)
		if errno != 0 {
			return nil, fmt.Errorf("LOOP_CTL_GET_FREE: %w", errno)
		}
		loop, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", n), os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, loop.Fd(), loopSetFD, uintptr(disk))
		if errno == 0 {
			return loop, nil
		}
		loop.Close()
		if errno != unix.EBUSY {
			return nil, fmt.Errorf("LOOP_SET_FD %s: %w", loop.Name(), errno)
		}
	}
}

// DetachLoop lets the disk of a loop device go, with the last close of that.
func DetachLoop(loop *os.File) error {
	defer loop.Close()
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, loop.Fd(), loopClrFD, 0); errno != 0 {
		return fmt.Errorf("LOOP_CLR_FD %s: %w", loop.Name(), errno)
	}
	return nil
}
