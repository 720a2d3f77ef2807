// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

const swapPage = 4096 // bytes, as the guest's pages

// swapHolds swaps to a running array.
func swapHolds(e *env) (string, error) {
	d, fd, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	if n, err := unix.Pwrite(fd, swapHeader(256), 0); err != nil {
		return "", fmt.Errorf("write a swap header to %s: %d bytes, %w", d.name, n, err)
	}
	if err := swapCall(unix.SYS_SWAPON, d.node); err != nil {
		return "", fmt.Errorf("swapon %s: %w", d.name, err)
	}
	busy := d.busy(fd, "swap")
	if err := swapCall(unix.SYS_SWAPOFF, d.node); err != nil {
		return "", fmt.Errorf("swapoff %s: %w", d.name, err)
	}
	if busy != nil {
		return "", busy
	}
	if err := d.stopSoon(fd); err != nil {
		return "", err
	}
	return "swap on the array kept it from being stopped, until swapoff", nil
}

// swapHeader is the first page of a swap area of so many pages, as mkswap writes
// it (include/linux/swap.h, union swap_header).
func swapHeader(pages uint32) []byte {
	b := make([]byte, swapPage)
	binary.LittleEndian.PutUint32(b[1024:], 1)       // version
	binary.LittleEndian.PutUint32(b[1028:], pages-1) // last_page
	copy(b[swapPage-10:], "SWAPSPACE2")
	return b
}

// swapCall makes swapon(2) with no flags, or swapoff(2), which takes none.
func swapCall(nr uintptr, path string) error {
	p, err := unix.BytePtrFromString(path)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall(nr, uintptr(unsafe.Pointer(p)), 0, 0)
	runtime.KeepAlive(p)
	if errno != 0 {
		return errno
	}
	return nil
}
