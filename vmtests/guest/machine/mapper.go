// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// Mapper talks to the device mapper (linux/dm-ioctl.h), as far as it takes to make
// devices with one target each.
type Mapper struct{ fd int }

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
	Params [dmRoom]byte
}

// dmRoom is how long a target's parameters, its status, or a message may be.
const dmRoom = 512

type dmRequest struct {
	dmIoctl
	dmTarget
}

// Numbers of the requests; DM_IOCTL is 0xfd, all are _IOWR of a dm_ioctl.
const (
	dmDevCreate   = 3
	dmDevRemove   = 4
	dmDevSuspend  = 6 // without the suspend flag: resume
	dmTableLoad   = 9
	dmTableStatus = 12
	dmTargetMsg   = 14
)

// dmSuspendFlag has dmDevSuspend suspend.
const dmSuspendFlag = 1 << 1

// OpenMapper opens the device mapper, which must be in the kernel.
func OpenMapper() (*Mapper, error) {
	const dev = "/sys/class/misc/device-mapper/dev"
	var major, minor uint32
	b, err := os.ReadFile(dev)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d:%d", &major, &minor)
	}
	if err != nil {
		return nil, fmt.Errorf("no device mapper (CONFIG_BLK_DEV_DM): %w", err)
	}
	f, err := os.CreateTemp("/dev", ".mapper-") // a name of its own
	if err != nil {
		return nil, err
	}
	node := f.Name()
	f.Close()
	_ = os.Remove(node)
	defer os.Remove(node)
	if err := unix.Mknod(node, unix.S_IFCHR|0o600, int(unix.Mkdev(major, minor))); err != nil {
		return nil, fmt.Errorf("mknod %s: %w", node, err)
	}
	fd, err := md.Open(node, unix.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open the device mapper: %w", err)
	}
	return &Mapper{fd}, nil
}

// Close leaves the devices as they are.
func (m *Mapper) Close() { unix.Close(m.fd) }

// Make makes a live device with one target of some sectors of 512 bytes and returns
// its number. Its node is the caller's to make.
func (m *Mapper) Make(name, kind string, sectors uint64, params string) (dev uint64, err error) {
	if len(params) >= dmRoom {
		return 0, fmt.Errorf("table of %s: %d bytes are too many", name, len(params))
	}
	made, err := m.do("DM_DEV_CREATE", dmDevCreate, name, dmRequest{})
	if err != nil {
		return 0, err
	}
	if err := m.load(name, kind, sectors, params); err != nil {
		return 0, errors.Join(err, m.Remove(name))
	}
	return made.Dev, nil
}

// Reload gives a live device another table: it is suspended, which waits for its I/O,
// and goes on with that.
func (m *Mapper) Reload(name, kind string, sectors uint64, params string) error {
	if err := m.suspend(name); err != nil {
		return err
	}
	return m.load(name, kind, sectors, params)
}

// Restart suspends a device and resumes it.
func (m *Mapper) Restart(name string) error {
	if err := m.suspend(name); err != nil {
		return err
	}
	return m.resume(name)
}

func (m *Mapper) suspend(name string) error {
	var r dmRequest
	r.Flags = dmSuspendFlag
	_, err := m.do("DM_DEV_SUSPEND", dmDevSuspend, name, r)
	return err
}

func (m *Mapper) resume(name string) error {
	_, err := m.do("DM_DEV_SUSPEND", dmDevSuspend, name, dmRequest{})
	return err
}

// load loads a table and makes it live.
func (m *Mapper) load(name, kind string, sectors uint64, params string) error {
	var r dmRequest
	r.TargetCount, r.Length = 1, sectors
	copy(r.Type[:], kind)
	copy(r.Params[:], params)
	if _, err := m.do("DM_TABLE_LOAD", dmTableLoad, name, r); err != nil {
		return err
	}
	return m.resume(name)
}

// Remove removes a device that nobody has open.
func (m *Mapper) Remove(name string) error {
	_, err := m.do("DM_DEV_REMOVE", dmDevRemove, name, dmRequest{})
	return err
}

// Status is what the target says of itself.
func (m *Mapper) Status(name string) (string, error) {
	r, err := m.do("DM_TABLE_STATUS", dmTableStatus, name, dmRequest{})
	return text(r.Params[:]), err
}

// Message tells the target something (struct dm_target_msg: a sector, and a text).
func (m *Mapper) Message(name, message string) error {
	var r dmRequest
	copy(r.targetBytes()[8:], message)
	_, err := m.do("DM_TARGET_MSG", dmTargetMsg, name, r)
	return err
}

// targetBytes is what follows the dm_ioctl, as bytes.
func (r *dmRequest) targetBytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&r.dmTarget)), unsafe.Sizeof(r.dmTarget))
}

// do makes a request about a device and returns the answer.
func (m *Mapper) do(what string, nr uintptr, name string, r dmRequest) (dmRequest, error) {
	r.Version = [3]uint32{4, 0, 0}
	r.DataSize = uint32(unsafe.Sizeof(r))
	r.DataStart = uint32(unsafe.Sizeof(r.dmIoctl))
	copy(r.Name[:], name)
	req := 3<<30 | unsafe.Sizeof(r.dmIoctl)<<16 | 0xfd<<8 | nr
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(m.fd), req, uintptr(unsafe.Pointer(&r))); errno != 0 {
		return r, fmt.Errorf("%s %s: %w", what, name, errno)
	}
	return r, nil
}

// text is a C string.
func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}
