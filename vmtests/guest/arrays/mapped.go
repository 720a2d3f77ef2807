// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/machine"
)

// mapped is a member that a target of the device mapper stands before, which can be
// told to fail (Documentation/admin-guide/device-mapper/dm-flakey.rst and dm-dust.rst).
type mapped struct {
	mapper *machine.Mapper
	name   string // for the device mapper
	minor  uint32
	under  string // the member's own node
}

const (
	mappedSectors = 32768 // of the disk, as of one of null_blk: see faults
	dustBlock     = 4096  // bytes, of dm-dust's blocks

	notMade = ^uint32(0) // for a minor
)

// dm-dust cuts all I/O at its blocks. raid10 of all kernels so far then has a resync
// copy from the wrong place, or from where there is no memory: sync_request_write() sets
// the bio that it has read back to its beginning but for bi_iter.bi_bvec_done. So there
// must be nothing to copy from that member.
func nothingToCopy(l level) bool { return l.level == "raid10" }

// mappedFaults are what these targets can do to a member. What dm-flakey does, it does
// from the second on in which its table says so: 0 seconds of good behaviour is at once.
var mappedFaults = []fault{
	{name: "flakey", disks: onFlakey,
		begin: onDisk(func(m *mapped) error { return m.flakey("0 60") }),
		end:   onDisk((*mapped).well)},
	{name: "flakey-writes", disks: onFlakey,
		begin: onDisk(func(m *mapped) error { return m.flakey("0 60 1 error_writes") }),
		end:   onDisk((*mapped).well)},
	{name: "flakey-spell", disks: onFlakey,
		begin: onDisk(func(m *mapped) error {
			err := m.flakey("1 2") // good for a second, bad for two
			time.Sleep(1100 * time.Millisecond)
			return err
		}),
		end: onDisk((*mapped).well)},
	{name: "dust", disks: onDust, clean: nothingToCopy,
		begin: onDisk((*mapped).dusty),
		end:   onDisk(func(m *mapped) error { return m.mapper.Message(m.name, "disable") })},
}

// onFlakey puts dm-flakey before the second member, at first without faults.
func onFlakey(_ context.Context, r *rig) (victim, error) { return r.onMapped("flakey", " 0 60 0") }

// onDust puts dm-dust there.
func onDust(_ context.Context, r *rig) (victim, error) {
	return r.onMapped("dust", fmt.Sprintf(" 0 %d", dustBlock))
}

// onMapped puts a target before the second member; parameters are what follows the
// device's path.
func (r *rig) onMapped(kind, parameters string) (*mapped, error) {
	mapper, err := machine.OpenMapper()
	if err != nil {
		return nil, err
	}
	m := &mapped{mapper: mapper, name: kind + "-" + r.name, minor: notMade, under: r.members[1]}
	r.later(m.remove)
	dev, err := mapper.Make(m.name, kind, mappedSectors, m.under+parameters)
	if err != nil {
		return nil, err
	}
	m.minor = unix.Minor(dev)
	r.members[1] = m.node()
	return m, appears(m.node())
}

func (m *mapped) kernelName() string { return fmt.Sprintf("dm-%d", m.minor) }
func (m *mapped) node() string       { return "/dev/" + m.kernelName() }

// flakey has dm-flakey do something else: for so many seconds nothing, for so many
// what its features say.
func (m *mapped) flakey(intervals string) error {
	return m.mapper.Reload(m.name, "flakey", mappedSectors, m.under+" 0 "+intervals)
}

// well has dm-flakey behave.
func (m *mapped) well() error { return m.flakey("60 0") }

// dusty makes blocks unreadable that the array has written, until it writes them again.
func (m *mapped) dusty() error {
	const first, end = 8192 / (dustBlock / 512), 10240 / (dustBlock / 512) // see faults
	say := func(what string) error { return m.mapper.Message(m.name, what) }
	if err := say("quiet"); err != nil { // a line on the console for each
		return err
	}
	for block := first; block < end; block++ {
		if err := say(fmt.Sprintf("addbadblock %d", block)); err != nil {
			return err
		}
	}
	return say("enable")
}

// remove takes the target away, when the array has let go of it.
func (m *mapped) remove() error {
	defer m.mapper.Close()
	if m.minor == notMade {
		return nil
	}
	return m.mapper.Remove(m.name)
}
