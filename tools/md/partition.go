// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
)

// How long RereadPartitions tries while somebody else reads the table.
const (
	rereadLimit = 2 * time.Second
	rereadTick  = time.Millisecond
)

// WritePartition writes a DOS partition table with one partition of so many
// sectors of 512 bytes, or with none for 0, to the open array, and has the
// kernel read it.
func WritePartition(fd int, start, sectors uint32) error {
	var mbr [512]byte
	if sectors > 0 {
		entry := mbr[446:462]
		entry[4] = 0x83 // Linux
		for i := range 4 {
			entry[8+i] = byte(start >> (8 * i))
			entry[12+i] = byte(sectors >> (8 * i))
		}
	}
	mbr[510], mbr[511] = 0x55, 0xaa
	if _, err := unix.Pwrite(fd, mbr[:], 0); err != nil {
		return fmt.Errorf("write a partition table: %w", err)
	}
	return RereadPartitions(fd)
}

// RereadPartitions has the kernel read the partition table again (BLKRRPART).
// The error is EBUSY while a partition is open.
func RereadPartitions(fd int) error {
	var err error
	_ = wait.Until(context.Background(), rereadLimit, rereadTick, func() (bool, error) {
		err = ioctl(fd, unix.BLKRRPART, 0)
		return !errors.Is(err, unix.EBUSY), nil
	})
	if err != nil {
		return fmt.Errorf("BLKRRPART: %w", err)
	}
	return nil
}

// PartitionNumber reads the device number of a disk's partition, as of md5p1 of
// md5.
func PartitionNumber(disk, part string) (major, minor uint32, err error) {
	s, err := ReadAttr(disk, part+"/dev")
	if err != nil {
		return 0, 0, fmt.Errorf("partition %s: %w", part, err)
	}
	if _, err = fmt.Sscanf(s, "%d:%d", &major, &minor); err != nil {
		return 0, 0, fmt.Errorf("partition %s has the number %q: %w", part, s, err)
	}
	return major, minor, nil
}
