// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// Mapper talks to the device mapper (linux/dm-ioctl.h), as far as it takes to make
// devices with one target each.
type Mapper struct{ fd int }

// dmRoom is how long a target's parameters, its status, or a message may be.
const dmRoom = 512

// dmRequest is a struct dm_ioctl with one target and room for its parameters.
type dmRequest struct {
	unix.DmIoctl
	target struct {
		unix.DmTargetSpec
		params [dmRoom]byte
	}
}

// OpenMapper opens the device mapper, which must be in the kernel.
func OpenMapper() (*Mapper, error) {
	const control = "/dev/mapper/control" // the kernel makes it, in devtmpfs
	fd, err := md.Open(control, unix.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open the device mapper (CONFIG_BLK_DEV_DM): %s: %w", control, err)
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
	made, err := m.do("DM_DEV_CREATE", unix.DM_DEV_CREATE, name, dmRequest{})
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
	if err := m.Suspend(name); err != nil {
		return err
	}
	return m.load(name, kind, sectors, params)
}

// Restart suspends a device and resumes it.
func (m *Mapper) Restart(name string) error {
	if err := m.Suspend(name); err != nil {
		return err
	}
	return m.Resume(name)
}

// Suspend has all I/O to a device wait that comes from now on, and waits for what is under way.
func (m *Mapper) Suspend(name string) error {
	var r dmRequest
	r.Flags = unix.DM_SUSPEND_FLAG
	_, err := m.do("DM_DEV_SUSPEND", unix.DM_DEV_SUSPEND, name, r)
	return err
}

// Resume lets a suspended device go on.
func (m *Mapper) Resume(name string) error {
	_, err := m.do("DM_DEV_SUSPEND", unix.DM_DEV_SUSPEND, name, dmRequest{})
	return err
}

// load loads a table and makes it live.
func (m *Mapper) load(name, kind string, sectors uint64, params string) error {
	var r dmRequest
	r.Target_count, r.target.Length = 1, sectors
	copy(r.target.Target_type[:], kind)
	copy(r.target.params[:], params)
	if _, err := m.do("DM_TABLE_LOAD", unix.DM_TABLE_LOAD, name, r); err != nil {
		return err
	}
	return m.Resume(name)
}

// Remove removes a device that nobody has open.
func (m *Mapper) Remove(name string) error {
	_, err := m.do("DM_DEV_REMOVE", unix.DM_DEV_REMOVE, name, dmRequest{})
	return err
}

// Status is what the target says of itself.
func (m *Mapper) Status(name string) (string, error) {
	r, err := m.do("DM_TABLE_STATUS", unix.DM_TABLE_STATUS, name, dmRequest{})
	return unix.ByteSliceToString(r.target.params[:]), err
}

// Message sends the target a message.
func (m *Mapper) Message(name, message string) error {
	var r dmRequest
	// The text of a struct dm_target_msg follows its sector, and that the dm_ioctl.
	target := unsafe.Slice((*byte)(unsafe.Pointer(&r.target)), unsafe.Sizeof(r.target))
	copy(target[unsafe.Sizeof(unix.DmTargetMsg{}):], message)
	_, err := m.do("DM_TARGET_MSG", unix.DM_TARGET_MSG, name, r)
	return err
}

// do makes a request about a device and returns the answer.
func (m *Mapper) do(what string, req uintptr, name string, r dmRequest) (dmRequest, error) {
	r.Version = [3]uint32{unix.DM_VERSION_MAJOR, 0, 0}
	r.Data_size = uint32(unsafe.Sizeof(r))
	r.Data_start = unix.SizeofDmIoctl
	copy(r.Name[:], name)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(m.fd), req, uintptr(unsafe.Pointer(&r))); errno != 0 {
		return r, fmt.Errorf("%s %s: %w", what, name, errno)
	}
	return r, nil
}
