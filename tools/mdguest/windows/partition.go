// SPDX-License-Identifier: BSD-3-Clause

package windows

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// Requests of linux/blkpg.h and linux/fs.h.
const blkRRPart = 0x125f // read the partition table again

// partition puts one partition on the array, with a node of its own.
func (s *stage) partition(fd int) error {
	if err := writeTable(fd, 2048, 8192); err != nil {
		return fmt.Errorf("partition %s: %w", s.name, err)
	}
	part := s.name + "p1"
	text, err := md.ReadAttr(s.name, part+"/dev")
	if err != nil {
		return fmt.Errorf("partition %s: %w", part, err)
	}
	var major, minor uint32
	if _, err := fmt.Sscanf(text, "%d:%d", &major, &minor); err != nil {
		return fmt.Errorf("partition %s has the number %q: %w", part, text, err)
	}
	return md.Mknod(s.partNode, major, minor)
}

// writeTable writes a DOS partition table with one partition, or none for size
// 0, in sectors of 512 bytes, and lets the kernel read it.
func writeTable(fd int, start, size uint32) error {
	var mbr [512]byte
	if size > 0 {
		entry := mbr[446:462]
		entry[4] = 0x83 // Linux
		for i := range 4 {
			entry[8+i] = byte(start >> (8 * i))
			entry[12+i] = byte(size >> (8 * i))
		}
	}
	mbr[510], mbr[511] = 0x55, 0xaa
	if _, err := unix.Pwrite(fd, mbr[:], 0); err != nil {
		return err
	}
	return rereadTable(fd)
}

// rereadTable lets the kernel read the partition table again.
func rereadTable(fd int) error {
	var err error = unix.EBUSY // while somebody else reads it
	for deadline := time.Now().Add(soon); errors.Is(err, unix.EBUSY) && time.Now().Before(deadline); time.Sleep(tick) {
		err = nil
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), blkRRPart, 0); errno != 0 {
			err = errno
		}
	}
	return err
}
