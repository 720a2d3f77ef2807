// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"time"

	"mdlife/vmtests/guest/array"
)

// faults are the ways of a member to fail.
var faults = []fault{
	{name: "bad-blocks", disks: disksOf(onNullBlk),
		begin: onDisk(func(n *array.NullBlk) error { return n.Break(array.BadFirst, array.BadEnd) }),
		end:   onDisk(func(n *array.NullBlk) error { return n.Mend(array.BadFirst, array.BadEnd) })},
	{name: "dead", disks: disksOf(onNullBlk),
		begin: onDisk(func(n *array.NullBlk) error { return n.Break(0, array.EndOfDisk) }),
		end:   onDisk(func(n *array.NullBlk) error { return n.Mend(0, array.EndOfDisk) })},
	{name: "pulled", disks: disksOf(onNullBlk),
		begin: onDisk((*array.NullBlk).PowerOff),
		end:   onDisk((*array.NullBlk).PowerOn)},
	{name: "flakey", disks: disksOf((*array.Array).UseFlakey),
		begin: onDisk(func(m *array.Mapped) error { return m.Flake("0 60") }),
		end:   onDisk((*array.Mapped).Behave)},
	{name: "flakey-writes", disks: disksOf((*array.Array).UseFlakey),
		begin: onDisk(func(m *array.Mapped) error { return m.Flake("0 60 1 error_writes") }),
		end:   onDisk((*array.Mapped).Behave)},
	{name: "flakey-spell", disks: disksOf((*array.Array).UseFlakey),
		begin: onDisk(func(m *array.Mapped) error {
			err := m.Flake("1 2") // good for a second, bad for two
			time.Sleep(1100 * time.Millisecond)
			return err
		}),
		end: onDisk((*array.Mapped).Behave)},
	{name: "dust", disks: disksOf((*array.Array).UseDust), clean: nothingToCopy,
		begin: onDisk(func(m *array.Mapped) error { return m.Dust(array.BadFirst, array.BadEnd) }),
		end:   onDisk((*array.Mapped).Sweep)},
}

// failures have a member fail. Personalities that can lose one go on with all data; the
// others fail cleanly: I/O gets an error, and the array can be stopped.
var failures = rows(faults, func(_ int, f fault) scenario {
	return scenario{name: "fault-" + f.name, run: f.run, on: func(p array.Personality) bool { return p.Redundant() || p.Stripes() }}
})

// dm-dust cuts all I/O at its blocks. raid10 of all kernels so far then has a resync
// copy from the wrong place, or from where there is no memory: sync_request_write() sets
// the bio that it has read back to its beginning but for bi_iter.bi_bvec_done. So there
// must be nothing to copy from that member.
func nothingToCopy(p array.Personality) bool { return p.IsRaid10() }

// onNullBlk makes the members null_blk disks.
func onNullBlk(a *array.Array) (*array.NullBlk, error) {
	if err := a.UseNullBlks(); err != nil {
		return nil, err
	}
	return a.NullBlks[1], nil
}
