// SPDX-License-Identifier: BSD-3-Clause

package recorded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// The kernel's commands for network block devices (linux/nbd-netlink.h).
const (
	genlConnect    = 1
	genlDisconnect = 2

	attrIndex       = 1
	attrSize        = 2
	attrBlockSize   = 3
	attrServerFlags = 5
	attrSockets     = 7
	sockItem        = 1
	sockFD          = 1
)

// What the server says that it can (linux/nbd.h): a disk with a volatile cache.
const hasFlags, sendsFlush, sendsFUA = 1 << 0, 1 << 2, 1 << 3

// blockSize is the disks' logical block.
const blockSize = 512

// goneLimit is how long the kernel may take to end a disk.
const goneLimit = 10 * time.Second

// attached is a disk's place in the kernel, if it has one.
type attached struct {
	index  uint32
	ended  chan error // of the server
	inUse  bool
	socket *os.File
}

// Attach has the kernel have a block device for the disk. Which one is free the kernel knows.
func (d *Disk) Attach() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	defer unix.Close(pair[1]) // the kernel has one of its own then
	d.socket, d.ended = os.NewFile(uintptr(pair[0]), "nbd"), make(chan error, 1)
	go func() { d.ended <- d.serve(d.socket) }()
	size, block := nl.Uint64Attr(uint64(d.Size)), nl.Uint64Attr(blockSize)
	sockets := nl.NewRtAttr(attrSockets|unix.NLA_F_NESTED, nil)
	sockets.AddRtAttr(sockItem|unix.NLA_F_NESTED, nil).AddRtAttr(sockFD, nl.Uint32Attr(uint32(pair[1])))
	d.index, err = command(genlConnect, nl.NewRtAttr(attrSize, size), nl.NewRtAttr(attrBlockSize, block),
		nl.NewRtAttr(attrServerFlags, nl.Uint64Attr(hasFlags|sendsFlush|sendsFUA)), sockets)
	if err != nil {
		return fmt.Errorf("connect a network block device (CONFIG_BLK_DEV_NBD?): %w", errors.Join(err, d.socket.Close()))
	}
	d.inUse = true
	return nil
}

// Detach ends the block device.
func (d *Disk) Detach() error {
	if !d.inUse {
		return nil
	}
	d.inUse = false
	if _, err := command(genlDisconnect, nl.NewRtAttr(attrIndex, nl.Uint32Attr(d.index))); err != nil {
		return fmt.Errorf("disconnect %s: %w", d.Node(), err)
	}
	select {
	case err := <-d.ended:
		return errors.Join(err, d.socket.Close())
	case <-time.After(goneLimit):
		return fmt.Errorf("%s was disconnected, but the kernel has not ended it after %v", d.Node(), goneLimit)
	}
}

// KernelName returns the device's name in sysfs.
func (d *Disk) KernelName() string { return fmt.Sprintf("nbd%d", d.index) }

// Node returns the device's node.
func (d *Disk) Node() string { return "/dev/" + d.KernelName() }

// command gives the kernel a command, and returns which device it answers for.
func command(cmd uint8, attrs ...*nl.RtAttr) (index uint32, err error) {
	family, err := netlink.GenlFamilyGet("nbd")
	if err != nil {
		return 0, err
	}
	req := nl.NewNetlinkRequest(int(family.ID), unix.NLM_F_ACK)
	req.AddData(&nl.Genlmsg{Command: cmd, Version: uint8(family.Version)})
	for _, attr := range attrs {
		req.AddData(attr)
	}
	answers, err := req.Execute(unix.NETLINK_GENERIC, 0)
	if err != nil || len(answers) == 0 {
		return 0, err
	}
	all, err := nl.ParseRouteAttr(answers[0][nl.SizeofGenlmsg:])
	if err != nil {
		return 0, err
	}
	for _, attr := range all {
		if attr.Attr.Type == attrIndex {
			return binary.NativeEndian.Uint32(attr.Value), nil
		}
	}
	return 0, errors.New("the kernel's answer names no device")
}
