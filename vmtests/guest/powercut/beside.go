// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
)

// Beside is what md does beside the writing, a little further with each, so that what is written is what
// md is at.
type Beside string

// What md may do.
const (
	BesideResync   Beside = "resync"   // after a power cut
	BesideCheck    Beside = "check"    // which is a resync that only counts
	BesideRecovery Beside = "recovery" // of a member that has been replaced
	BesideReshape  Beside = "reshape"
)

// What md may do while nothing is written.
const (
	ReshapeBegins  Beside = "begin of a reshape"
	ReshapeEnds    Beside = "end of a reshape"
	RecoveryBegins Beside = "begin of a recovery"
	RecoveryEnds   Beside = "end of a recovery"
)

// meetTime is how long md may take to come to what is to be written, where it comes to that at all.
const meetTime = 500 * time.Millisecond

// hold keeps md from beginning. What it does when an array has been assembled may not be over.
func (t *every) hold() error { return array.RetryBusy(func() error { return t.HoldAt(0) }) }

// beginBeside has it begin, before the first of what is to be written.
func (t *every) beginBeside() error {
	switch t.test.Beside {
	case BesideResync:
		return t.hold() // it begins with the first write
	case BesideCheck:
		return array.Steps(t.hold, t.Action("check"))
	case BesideRecovery:
		return t.beginRecovery()
	case RecoveryBegins:
		return t.prepareRecovery()
	case RecoveryEnds:
		return array.Steps(t.beginRecovery, t.WaitForHold, t.HoldBeforeEnd, t.waitForQuiet)
	case BesideReshape:
		return array.Steps(t.prepareReshape, t.Reshape)
	case ReshapeEnds:
		return array.Steps(t.prepareReshape, t.Reshape, t.HoldBeforeEnd)
	case ReshapeBegins:
		return t.prepareReshape()
	}
	return nil
}

// beginRecovery takes the first member out, and puts another in.
func (t *every) beginRecovery() error {
	spare := t.Spare()
	t.members = append(slices.Clone(t.members[1:]), spare)
	return array.Steps(t.TakeOutFirst, t.hold, func() error { return t.Add(spare) }, t.WaitForAction("recover"))
}

// prepareRecovery has the array be about to rebuild a spare, which all members know as one.
func (t *every) prepareRecovery() error {
	spare := t.Spare()
	t.members = append(slices.Clone(t.members[1:]), spare)
	return array.Steps(
		t.TakeOutFirst,
		t.Action("frozen"),
		func() error { return t.Add(spare) },
		func() error { return t.StopOpen(t.work.file) },
		func() (err error) {
			t.work.file, err = t.AssembleReadAuto(t.members)
			return err
		},
		t.hold,
	)
}

// rebuild has it begin.
func (t *every) rebuild() error {
	return array.Steps(
		t.spareIsLast(func() error {
			return array.Steps(t.SetState(md.StateActive), t.WaitForAction("recover"), t.WaitForHold)
		}),
		t.waitForQuiet,
	)
}

// endRecovery lets it come to its end.
func (t *every) endRecovery() error {
	return array.Steps(t.spareIsLast(func() error { return array.Steps(t.LetGo, t.Settle) }), t.waitForQuiet)
}

// spareIsLast returns the step of doing something while whatever is written to the spare waits until nothing
// comes to any other member.
func (t *every) spareIsLast(do func() error) func() error {
	return func() error {
		spare := t.disks[t.Personality.Disks]
		spare.Shut(1) // flushes pass
		defer spare.Open()
		doing := array.Begin("a recovery", do)
		for !doing.Over() {
			if err := t.waitForQuiet(); err != nil {
				return err
			}
			spare.LetPass()
		}
		return doing.End(array.CallLimit)
	}
}

// quietLooks is how often in a row nothing must have come to a member.
const quietLooks = 10

// waitForQuiet waits until the members have what md writes to them by and by, such as superblocks.
func (t *every) waitForQuiet() error {
	last, quiet := -1, 0
	return wait.Until(t.Context(), array.GoneLimit, 10*time.Millisecond, func() (bool, error) {
		now := 0
		for _, d := range t.disks {
			now += d.Changes()
		}
		if quiet++; now != last {
			quiet = 0
		}
		last = now
		return quiet == quietLooks, nil
	})
}

// prepareReshape has the array be about to change.
func (t *every) prepareReshape() error {
	change, _ := t.Personality.ChangeNamed(t.test.Change)
	t.members = t.After(change)
	return t.Prepare(change)
}

// leaveDirty stops the array as a power cut does: the members are as they were before.
func (t *every) leaveDirty() error {
	for _, d := range t.disks {
		d.Keep()
	}
	if err := t.StopOpen(t.work.file); err != nil {
		return err
	}
	for _, d := range t.disks {
		d.Revert()
	}
	return nil
}

// writeBeside writes what md is at: it goes on a little, but first has to wait for a member.
func (t *every) writeBeside() error {
	var blocks []uint64
	for i := range alone {
		blocks = append(blocks, uint64((i*t.dataMembers()+t.Rand.IntN(t.dataMembers()))*chunkBlocks))
	}
	if t.test.Again {
		if err := t.writeBefore(blocks); err != nil {
			return err
		}
	}
	for i, block := range blocks {
		if err := t.meet(i, block); err != nil {
			return err
		}
	}
	if t.met == 0 {
		return fmt.Errorf("nothing that was written has met the %s", t.test.Beside)
	}
	return t.LetGo()
}

// chunkBlocks is how many blocks are in a chunk.
const chunkBlocks = array.ChunkKiB << 10 / array.BlockSize

// dataMembers returns how many members' data make a row.
func (t *every) dataMembers() int {
	if t.Personality.IsRaid10() {
		return t.Personality.Disks / 2
	}
	return t.Personality.Disks - t.Personality.MaxLost
}

// How many stripes md keeps in memory, and what it takes to have it forget one.
const (
	fewStripes  = "20"
	otherBlocks = 48 // behind the zone, in more rows than that
)

// writeBefore writes blocks once before, which no journal may bring back then, and has md forget them: it
// would not have to wait for a member to check what it knows.
func (t *every) writeBefore(blocks []uint64) error {
	if err := t.Set("stripe_cache_size", fewStripes); err != nil {
		return err
	}
	for _, block := range blocks {
		if err := writeBlock(t.work, block); err != nil {
			return err
		}
	}
	buf := array.Aligned(otherBlocks * array.BlockSize)
	defer unix.Munmap(buf)
	if _, err := t.work.file.WriteAt(buf, zone*array.BlockSize); err != nil {
		return fmt.Errorf("write behind the zone: %w", err)
	}
	return nil
}

// dataOffset returns where data begin on each member, in bytes.
func (t *every) dataOffset() (int64, error) {
	text, err := t.Attr(array.MemberDir(t.members[0]) + "/offset")
	if err != nil {
		return 0, err
	}
	sectors, err := strconv.ParseInt(text, 10, 64)
	return sectors * sectorSize, err
}

// meet writes a block where md is.
func (t *every) meet(i int, block uint64) error {
	kib := (i + 1) * array.ChunkKiB
	if t.Personality.IsRaid10() && t.test.Beside != BesideRecovery {
		kib *= t.dataMembers() // which md counts of the array, and not of each member
	}
	stuck := t.disks[1]
	from, err := t.dataOffset()
	if err != nil {
		return err
	}
	if t.test.Beside != BesideReshape { // where it may move
		from += int64(i * array.ChunkKiB << 10)
	}
	// What md is not done with of the row before is to pass, and where it writes down how far it is.
	stuck.Shut(from)
	defer stuck.Open()
	if err := t.HoldAt(kib); err != nil {
		return err
	}
	if wait.Until(t.Context(), meetTime, time.Millisecond, func() (bool, error) { return stuck.Waiting() > 0, nil }) == nil {
		t.met++
	}
	write := array.Begin(fmt.Sprintf("write of block %d", block), func() error { return steps[i%len(steps)](t.work, block) })
	if err := t.Held(write); err != nil {
		return err
	}
	stuck.Open()
	return write.End(array.CallLimit)
}
