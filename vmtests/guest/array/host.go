// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// Host is what an array needs of the machine that it is on. Unit tests have one of their own,
// in package arraytest.
type Host interface {
	// Mdadm runs mdadm, and returns what it has printed.
	Mdadm(ctx context.Context, limit time.Duration, args ...string) (output string, err error)
	// Exists reports whether the kernel has a device of this name.
	Exists(device string) bool
	// Node returns the node of a device.
	Node(device string) string
	// Attr and SetAttr read and write an attribute of a device.
	Attr(device, attr string) (string, error)
	SetAttr(device, attr, value string) error
	// StopArray stops the array that is open.
	StopArray(f *os.File) error
	// WaitGone waits until a device has gone, and reports whether it has.
	WaitGone(device string, limit time.Duration) bool
	// Remove stops a device's array, if there is one, and waits until it has gone.
	Remove(device string, limit time.Duration) error
}

// kernel is the machine that this program runs on.
type kernel struct{}

func (kernel) Mdadm(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	return machine.RunMdadm(ctx, limit, args...)
}

func (kernel) Exists(device string) bool                        { return md.Exists(device) }
func (kernel) Node(device string) string                        { return "/dev/" + device }
func (kernel) Attr(device, attr string) (string, error)         { return md.ReadAttr(device, attr) }
func (kernel) SetAttr(device, attr, value string) error         { return md.WriteAttr(device, attr, value) }
func (kernel) StopArray(f *os.File) error                       { return md.StopArray(int(f.Fd())) }
func (kernel) WaitGone(device string, limit time.Duration) bool { return md.WaitGone(device, limit) }
func (kernel) Remove(device string, limit time.Duration) error  { return md.Remove(device, limit) }

// SetHost puts the array on another machine.
func (a *Array) SetHost(h Host) { a.host = h }

// Exists reports whether the array's device is there.
func (a *Array) Exists() bool { return a.host.Exists(a.KernelName()) }

// StopByIoctl opens the array's device, stops the array, and closes it, once.
func (a *Array) StopByIoctl() error {
	fd, err := md.Open(a.Dev(), unix.O_RDWR)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), a.Dev())
	defer f.Close()
	return a.host.StopArray(f)
}

// StopBySysfs stops the array by its attribute, once.
func (a *Array) StopBySysfs() error {
	return a.host.SetAttr(a.KernelName(), "md/array_state", md.StateClear)
}
