// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// RaidVersion asks for the version of md's user interface (RAID_VERSION). md
// answers it before it looks at the array, so it does not end the hold of a
// device that an open has made.
func RaidVersion(fd int) (Version, error) {
	var v Version
	err := ioctlPtr(fd, reqRaidVersion, unsafe.Pointer(&v))
	return v, err
}

// GetArrayInfo reads an array's configuration (GET_ARRAY_INFO). ENODEV: the
// array is not configured.
func GetArrayInfo(fd int) (ArrayInfo, error) {
	var info ArrayInfo
	err := ioctlPtr(fd, reqGetArrayInfo, unsafe.Pointer(&info))
	return info, err
}

// Diskseq reads the number of the disk that was opened (BLKGETDISKSEQ). No two
// disks have the same one, whatever their device numbers.
func Diskseq(fd int) (uint64, error) {
	var seq uint64
	err := ioctlPtr(fd, unix.BLKGETDISKSEQ, unsafe.Pointer(&seq))
	return seq, err
}

// SetArrayInfo configures a new array (SET_ARRAY_INFO). EBUSY: it is already
// configured.
func SetArrayInfo(fd int, info ArrayInfo) error {
	return ioctlPtr(fd, reqSetArrayInfo, unsafe.Pointer(&info))
}

// AddNewDisk gives a member to a configured array (ADD_NEW_DISK). EBUSY:
// somebody holds the member.
func AddNewDisk(fd int, disk DiskInfo) error {
	return ioctlPtr(fd, reqAddNewDisk, unsafe.Pointer(&disk))
}

// RunArray starts a configured array (RUN_ARRAY).
func RunArray(fd int) error { return ioctl(fd, reqRunArray, 0) }

// StopArray stops an array and takes it apart (STOP_ARRAY). EBUSY: the array
// runs and somebody else has it open, or another stop is under way.
func StopArray(fd int) error { return ioctl(fd, reqStopArray, 0) }

// StopArrayRO makes an array read-only (STOP_ARRAY_RO). EBUSY: somebody else
// has it open. ENXIO: it is read-only already.
func StopArrayRO(fd int) error { return ioctl(fd, reqStopArrayRO, 0) }

// RestartArrayRW makes a read-only array writable (RESTART_ARRAY_RW). EBUSY:
// it is writable already. ENXIO: it has no members.
func RestartArrayRW(fd int) error { return ioctl(fd, reqRestartArrayRW, 0) }

// HotAddDisk adds a spare to a running array (HOT_ADD_DISK).
func HotAddDisk(fd int, major, minor uint32) error {
	return ioctl(fd, reqHotAddDisk, oldDev(major, minor))
}

// HotRemoveDisk takes a faulty or spare member out (HOT_REMOVE_DISK). EBUSY:
// the member is in use.
func HotRemoveDisk(fd int, major, minor uint32) error {
	return ioctl(fd, reqHotRemoveDisk, oldDev(major, minor))
}

// SetDiskFaulty marks a member as failed (SET_DISK_FAULTY). ENODEV: the array
// does not run or has no such member. EBUSY: the array would be broken.
func SetDiskFaulty(fd int, major, minor uint32) error {
	return ioctl(fd, reqSetDiskFaulty, oldDev(major, minor))
}

// oldDev encodes a device number as new_decode_dev in linux/kdev_t.h reads it.
func oldDev(major, minor uint32) uintptr {
	return uintptr(minor&0xff | major<<8 | (minor&^0xff)<<12)
}

func ioctl(fd int, req, arg uintptr) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), req, arg)
	if errno != 0 {
		return errno
	}
	return nil
}

// ioctlPtr is ioctl for requests that take a pointer; the conversion stands in
// the call itself, as package unsafe asks.
func ioctlPtr(fd int, req uintptr, arg unsafe.Pointer) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), req, uintptr(arg))
	if errno != 0 {
		return errno
	}
	return nil
}
