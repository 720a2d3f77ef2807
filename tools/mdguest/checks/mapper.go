// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// mapper talks to the device mapper (linux/dm-ioctl.h), as far as it takes to
// put a device with one target on an array.
type mapper struct{ fd int }

// dmIoctl is struct dm_ioctl.
type dmIoctl struct {
	Version     [3]uint32
	DataSize    uint32
	DataStart   uint32
	TargetCount uint32
	OpenCount   int32
	Flags       uint32
	EventNr     uint32
	_           uint32
	Dev         uint64
	Name        [128]byte
	UUID        [129]byte
	_           [7]byte
}

// dmTarget is struct dm_target_spec, with room for its parameters.
type dmTarget struct {
	Start  uint64 // in sectors of 512 bytes
	Length uint64
	Status int32
	Next   uint32
	Type   [16]byte
	Params [128]byte
}

type dmRequest struct {
	dmIoctl
	dmTarget
}

// Numbers of the requests; DM_IOCTL is 0xfd, all are _IOWR of a dm_ioctl.
const (
	dmDevCreate  = 3
	dmDevRemove  = 4
	dmDevSuspend = 6 // without the suspend flag: resume
	dmTableLoad  = 9
)

func openMapper() (*mapper, error) {
	const dev = "/sys/class/misc/device-mapper/dev"
	var major, minor uint32
	b, err := os.ReadFile(dev)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d:%d", &major, &minor)
	}
	if err != nil {
		return nil, fmt.Errorf("no device mapper (CONFIG_BLK_DEV_DM): %w", err)
	}
	node := "/dev/.mapper"
	_ = os.Remove(node)
	if err := unix.Mknod(node, unix.S_IFCHR|0o600, int(unix.Mkdev(major, minor))); err != nil {
		return nil, fmt.Errorf("mknod %s: %w", node, err)
	}
	defer os.Remove(node)
	fd, err := md.Open(node, unix.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open the device mapper: %w", err)
	}
	return &mapper{fd}, nil
}

func (m *mapper) close() { unix.Close(m.fd) }

// make makes a live device with one target of some sectors.
func (m *mapper) make(name, kind string, sectors uint64, params string) error {
	if err := m.do("DM_DEV_CREATE", dmDevCreate, name, nil); err != nil {
		return err
	}
	target := &dmTarget{Length: sectors}
	copy(target.Type[:], kind)
	copy(target.Params[:], params)
	err := m.do("DM_TABLE_LOAD", dmTableLoad, name, target)
	if err == nil {
		err = m.do("DM_DEV_SUSPEND", dmDevSuspend, name, nil)
	}
	if err != nil {
		_ = m.remove(name)
	}
	return err
}

func (m *mapper) remove(name string) error { return m.do("DM_DEV_REMOVE", dmDevRemove, name, nil) }

func (m *mapper) do(what string, nr uintptr, name string, target *dmTarget) error {
	var r dmRequest
	r.Version = [3]uint32{4, 0, 0}
	r.DataSize = uint32(unsafe.Sizeof(r))
	r.DataStart = uint32(unsafe.Sizeof(r.dmIoctl))
	copy(r.Name[:], name)
	if target != nil {
		r.TargetCount, r.dmTarget = 1, *target
	}
	req := 3<<30 | unsafe.Sizeof(r.dmIoctl)<<16 | 0xfd<<8 | nr
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(m.fd), req, uintptr(unsafe.Pointer(&r))); errno != 0 {
		return fmt.Errorf("%s %s: %w", what, strings.TrimRight(name, "\x00"), errno)
	}
	return nil
}
