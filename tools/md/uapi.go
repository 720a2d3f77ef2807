// SPDX-License-Identifier: BSD-3-Clause

package md

// Requests of include/uapi/linux/raid/md_u.h, as asm-generic/ioctl.h encodes
// them: direction << 30 | size << 16 | MD_MAJOR << 8 | number.
const (
	reqRaidVersion    = iocRead | 12<<16 | Major<<8 | 0x10
	reqGetArrayInfo   = iocRead | 72<<16 | Major<<8 | 0x11
	reqAddNewDisk     = iocWrite | 20<<16 | Major<<8 | 0x21
	reqHotRemoveDisk  = Major<<8 | 0x22
	reqSetArrayInfo   = iocWrite | 72<<16 | Major<<8 | 0x23
	reqHotAddDisk     = Major<<8 | 0x28
	reqSetDiskFaulty  = Major<<8 | 0x29
	reqRunArray       = iocWrite | 12<<16 | Major<<8 | 0x30
	reqStopArray      = Major<<8 | 0x32
	reqStopArrayRO    = Major<<8 | 0x33
	reqRestartArrayRW = Major<<8 | 0x34

	iocWrite = 1 << 30
	iocRead  = 2 << 30
)

// StateClean is the bit of [ArrayInfo.State] that says that the members agree,
// so that no resync is due (1 << MD_SB_CLEAN in md_p.h).
const StateClean = 1 << 0

// Bits of [DiskInfo.State] (1 << MD_DISK_… in md_p.h).
const (
	DiskActive = 1 << 1
	DiskSync   = 1 << 2
)

// Version is mdu_version_t: the version of md's user interface.
type Version struct {
	Major, Minor, Patch int32
}

// ArrayInfo is mdu_array_info_t. Size is what every member gives, in KiB;
// ChunkSize is in bytes; CTime and UTime are seconds since 1970.
type ArrayInfo struct {
	MajorVersion  int32
	MinorVersion  int32
	PatchVersion  int32
	CTime         uint32
	Level         int32
	Size          int32
	NrDisks       int32
	RaidDisks     int32
	MDMinor       int32
	NotPersistent int32
	UTime         uint32
	State         int32
	ActiveDisks   int32
	WorkingDisks  int32
	FailedDisks   int32
	SpareDisks    int32
	Layout        int32
	ChunkSize     int32
}

// DiskInfo is mdu_disk_info_t: one member of an array. Number is its slot in
// the superblock, RaidDisk its role, -1 for none.
type DiskInfo struct {
	Number   int32
	Major    int32
	Minor    int32
	RaidDisk int32
	State    int32
}
