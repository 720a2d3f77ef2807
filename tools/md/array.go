// SPDX-License-Identifier: BSD-3-Clause

package md

import "fmt"

// Array is a raid1 that lives only as long as it runs: no superblocks, in sync
// from the start, so that no resync follows. Without members it can be
// configured but not run.
type Array struct {
	Members []DiskInfo
	Disks   int // how many members it is made for; 0: as many as there are, or 2
}

// memberKiB is what an Array uses of each member.
const memberKiB = 16 * 1024

// Raid1 returns an array of the block devices with these nodes.
func Raid1(members ...string) (Array, error) {
	var a Array
	for i, path := range members {
		major, minor, err := NumberOf(path)
		if err != nil {
			return a, fmt.Errorf("member: %w (is brd in the kernel?)", err)
		}
		a.Members = append(a.Members, DiskInfo{
			Number: int32(i), Major: int32(major), Minor: int32(minor), RaidDisk: int32(i),
			State: DiskActive | DiskSync,
		})
	}
	return a, nil
}

// Info is what SET_ARRAY_INFO takes to configure the array.
func (a Array) Info() ArrayInfo {
	disks := int32(a.Disks)
	if disks == 0 {
		disks = int32(len(a.Members))
	}
	if disks == 0 {
		disks = 2
	}
	return ArrayInfo{Level: 1, Size: memberKiB, RaidDisks: disks, NrDisks: disks, NotPersistent: 1, State: StateClean}
}

// Configure sets the array up on an open descriptor, but does not run it:
// SET_ARRAY_INFO, ADD_NEW_DISK for each member. The error names the step and
// wraps its errno; the array is then left as it is.
func (a Array) Configure(fd int) error {
	if err := SetArrayInfo(fd, a.Info()); err != nil {
		return fmt.Errorf("SET_ARRAY_INFO: %w", err)
	}
	for _, m := range a.Members {
		if err := AddNewDisk(fd, m); err != nil {
			return fmt.Errorf("ADD_NEW_DISK %d:%d: %w", m.Major, m.Minor, err)
		}
	}
	return nil
}

// Start configures the array and runs it (RUN_ARRAY).
func (a Array) Start(fd int) error {
	if err := a.Configure(fd); err != nil {
		return err
	}
	if err := RunArray(fd); err != nil {
		return fmt.Errorf("RUN_ARRAY: %w", err)
	}
	return nil
}
