// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// partitionMiB is the size of each partition.
const partitionMiB = 16

// addPartitions adds partitions 1 to n to a disk.
func addPartitions(disk string, n int) error {
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	const size = partitionMiB << 20
	for i := range n {
		p := blkpgPartition{start: size/2 + int64(i)*size, length: size, number: int32(i + 1)}
		arg := unix.BlkpgIoctlArg{Op: unix.BLKPG_ADD_PARTITION, Datalen: int32(unsafe.Sizeof(p)), Data: (*byte)(unsafe.Pointer(&p))}
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKPG, uintptr(unsafe.Pointer(&arg))); errno != 0 {
			return fmt.Errorf("BLKPG_ADD_PARTITION %d of %s: %w", i+1, disk, errno)
		}
	}
	return nil
}

// blkpgPartition is struct blkpg_partition of linux/blkpg.h, which x/sys/unix does not have.
type blkpgPartition struct {
	start, length int64 // bytes
	number        int32
	names         [128]byte
}
