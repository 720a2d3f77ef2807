// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"testing"
	"unsafe"
)

// The wanted figures come from a C program with linux/raid/md_u.h.

func TestSizes(t *testing.T) {
	var info ArrayInfo
	for _, c := range []struct {
		name      string
		got, want uintptr
	}{
		{"mdu_version_t", unsafe.Sizeof(Version{}), 12},
		{"mdu_array_info_t", unsafe.Sizeof(info), 72},
		{"mdu_disk_info_t", unsafe.Sizeof(DiskInfo{}), 20},
		{"not_persistent", unsafe.Offsetof(info.NotPersistent), 36},
		{"utime", unsafe.Offsetof(info.UTime), 40},
		{"state", unsafe.Offsetof(info.State), 44},
		{"chunk_size", unsafe.Offsetof(info.ChunkSize), 68},
		{"raid_disk", unsafe.Offsetof(DiskInfo{}.RaidDisk), 12},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, in C %d", c.name, c.got, c.want)
		}
	}
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want uint32
	}{
		{"RAID_VERSION", reqRaidVersion, 0x800c0910},
		{"GET_ARRAY_INFO", reqGetArrayInfo, 0x80480911},
		{"ADD_NEW_DISK", reqAddNewDisk, 0x40140921},
		{"HOT_REMOVE_DISK", reqHotRemoveDisk, 0x922},
		{"SET_ARRAY_INFO", reqSetArrayInfo, 0x40480923},
		{"HOT_ADD_DISK", reqHotAddDisk, 0x928},
		{"SET_DISK_FAULTY", reqSetDiskFaulty, 0x929},
		{"RUN_ARRAY", reqRunArray, 0x400c0930},
		{"STOP_ARRAY", reqStopArray, 0x932},
		{"STOP_ARRAY_RO", reqStopArrayRO, 0x933},
		{"RESTART_ARRAY_RW", reqRestartArrayRW, 0x934},
	} {
		if c.got != c.want {
			t.Errorf("%s: %#x, in C %#x", c.name, c.got, c.want)
		}
	}
}

func TestOldDev(t *testing.T) {
	for _, c := range []struct {
		major, minor uint32
		want         uintptr
	}{
		{1, 0, 0x100}, {9, 127, 0x97f}, {9, 512, 0x200900}, {259, 0x12345, 0x12310345},
	} {
		if got := oldDev(c.major, c.minor); got != c.want {
			t.Errorf("%d:%d: %#x, new_encode_dev gives %#x", c.major, c.minor, got, c.want)
		}
	}
}
