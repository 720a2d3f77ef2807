// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/machine"
)

// Mapped is a member that a target of the device mapper stands before, which can be
// told to fail (Documentation/admin-guide/device-mapper/dm-flakey.rst and dm-dust.rst).
type Mapped struct {
	mapper *machine.Mapper
	name   string // for the device mapper
	minor  uint32
	under  string // the member's own node
	quiet  bool   // dm-dust prints no line for each block
	dusty  bool   // and lets them not be read
}

const (
	mappedSectors = 32768 // of the disk, as of one of null_blk: see package arrays
	dustBlock     = 4096  // bytes, of dm-dust's blocks

	notMade = ^uint32(0) // for a minor
)

// UseFlakey puts dm-flakey before the second member, at first without faults.
func (a *Array) UseFlakey() (*Mapped, error) { return a.useMapped(1, "flakey", " 0 60 0") }

// UseDust puts dm-dust there.
func (a *Array) UseDust() (*Mapped, error) { return a.UseDustBefore(1, dustBlock) }

// UseDustBefore puts dm-dust before the member with this number. It cuts all I/O at blocks of so
// many bytes.
func (a *Array) UseDustBefore(i, block int) (*Mapped, error) {
	return a.useMapped(i, "dust", fmt.Sprintf(" 0 %d", block))
}

// useMapped puts a target before a member; parameters are what follows the device's path.
func (a *Array) useMapped(i int, kind, parameters string) (*Mapped, error) {
	mapper, err := machine.OpenMapper()
	if err != nil {
		return nil, err
	}
	m := &Mapped{mapper: mapper, name: fmt.Sprintf("%s-%s-%d", kind, a.Device, i), minor: notMade, under: a.Members[i]}
	a.later(m.remove)
	dev, err := mapper.Make(m.name, kind, mappedSectors, m.under+parameters)
	if err != nil {
		return nil, err
	}
	m.minor = unix.Minor(dev)
	a.Members[i] = m.Node()
	return m, WaitForNode(m.Node())
}

// KernelName returns the target's name in sysfs.
func (m *Mapped) KernelName() string { return fmt.Sprintf("dm-%d", m.minor) }

// Node returns the target's node.
func (m *Mapped) Node() string { return "/dev/" + m.KernelName() }

// Flake has dm-flakey work for so many seconds and then not for so many, in turn, in the way
// that its features say: "0 60 1 error_writes". It counts from the second on in which its
// table says so: 0 seconds of good behaviour is at once.
func (m *Mapped) Flake(intervals string) error {
	return m.mapper.Reload(m.name, "flakey", mappedSectors, m.under+" 0 "+intervals)
}

// Behave has dm-flakey work.
func (m *Mapped) Behave() error { return m.Flake("60 0") }

// Dust makes sectors from first up to end unreadable, until they are written again.
func (m *Mapped) Dust(first, end int) error {
	const perBlock = dustBlock / 512
	if !m.quiet { // a line on the console for each
		if err := m.message("quiet"); err != nil {
			return err
		}
		m.quiet = true
	}
	for block := first / perBlock; block < end/perBlock; block++ {
		if err := m.message(fmt.Sprintf("addbadblock %d", block)); err != nil {
			return err
		}
	}
	if m.dusty {
		return nil
	}
	m.dusty = true
	return m.message("enable")
}

// Sweep has dm-dust let all be read again.
func (m *Mapped) Sweep() error {
	m.dusty = false
	return m.message("disable")
}

// message tells the target something.
func (m *Mapped) message(text string) error { return m.mapper.Message(m.name, text) }

// remove removes the target, once the array has released it.
func (m *Mapped) remove() error {
	defer m.mapper.Close()
	if m.minor == notMade {
		return nil
	}
	return m.mapper.Remove(m.name)
}
