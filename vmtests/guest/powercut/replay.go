// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/recorded"
)

// How long states are looked at: the first are the most telling ones.
const (
	lookTime   = 10 * time.Second
	leastLooks = 16
	mostLooks  = 400

	briefTime  = 2 * time.Second
	briefLooks = 6
)

// result is what was tried.
type result struct {
	states, tried, looks, forced int
	notAssembled                 error // in the first state that was not
}

// whole says that no member is missing after a cut.
const whole = -1

// replayer tries the states that the members may be left in.
type replayer struct {
	*every
	cuts []recorded.Cut
	dues []due
	buf  []byte
	result
}

// replay tries them.
func (t *every) replay() (seen string, err error) {
	cuts := recorded.Cuts(t.events)
	if len(cuts) == 0 {
		return "", errors.New("nothing was acknowledged, and no member has flushed anything")
	}
	r := &replayer{every: t, cuts: cuts, dues: dues(t.first, t.events, cuts), buf: array.Aligned(zone * array.BlockSize)}
	defer unix.Munmap(r.buf)
	states := recorded.States(t.events, cuts, t.Rand)
	r.states = len(states)
	begin := time.Now()
	for i, s := range states {
		if r.enough(time.Since(begin)) {
			break
		}
		err := r.try(i, s)
		if errors.Is(err, errNotAssembled) {
			r.notAssembled = cmp.Or(r.notAssembled, err) // blocks that are lost would be worse
		} else if err != nil {
			return "", err
		}
	}
	return r.seen(), r.notAssembled
}

// errNotAssembled says that neither the kernel nor mdadm has made an array of what a power cut has left.
var errNotAssembled = errors.New("is not assembled")

// enough reports whether it may end after such a time.
func (r *replayer) enough(after time.Duration) bool {
	least, limit := leastLooks, lookTime
	if r.test.Agree {
		least = briefLooks // each takes a resync and a check
	}
	if r.Brief {
		least, limit = briefLooks, briefTime
	}
	return r.looks >= mostLooks || r.looks >= least && after > limit
}

// try looks at state number n: with all members, and, where that must do, without one: each in its turn.
func (r *replayer) try(n int, s recorded.State) error {
	r.tried++
	err := r.tryWithout(s, whole, (r.test.Agree || n%agreeEvery == 0) && r.mustAgree())
	if err == nil && r.test.NoHole {
		err = r.tryWithout(s, n%r.Personality.Disks, false)
	}
	return err
}

// tryWithout looks at a state, without a member, and at the agreement of the members.
func (r *replayer) tryWithout(s recorded.State, missing int, agree bool) error {
	cut := r.cuts[s.Cuts[0]]
	name := fmt.Sprintf("power cut %d of %d", s.Cuts[0]+1, len(r.cuts))
	if missing != whole {
		name += fmt.Sprintf(", member %d is gone", missing)
	}
	r.looks++
	if err := r.Do(name, func() error { return r.look(s, missing, agree) }); err != nil {
		return fmt.Errorf("%w; the cut is %s; %s", err, cut.What, s.Describe(r.events, cut))
	}
	return nil
}

// look puts the members into a state, assembles the array, and reads all blocks.
func (r *replayer) look(s recorded.State, missing int, agree bool) error {
	for _, d := range r.disks {
		d.Revert()
	}
	s.Apply(r.events, r.disks)
	f, err := r.assemble(missing)
	if err != nil {
		return err
	}
	_, err = f.ReadAt(r.buf, 0)
	if err == nil {
		err = r.judge(s, missing)
	}
	if err == nil && agree {
		err = r.agree(f)
	}
	return errors.Join(err, r.StopOpen(f))
}

// agreeEvery says of how many states one is looked at until the resync has ended, if there is one.
const agreeEvery = 8

// mustAgree reports whether the members must agree in the end. After a reshape they need not: see
// docs/found.md.
func (r *replayer) mustAgree() bool { return !r.test.Degraded && r.test.Change == "" }

// agree waits until md has done what it does after a power cut. Then the members must agree, and
// each block must be what it was.
func (r *replayer) agree(f *os.File) error {
	if err := array.Steps(r.SetState(md.StateActive), r.Settle, r.WaitForSync, r.CheckMembersAgree); err != nil {
		return err
	}
	again := array.Aligned(len(r.buf))
	defer unix.Munmap(again)
	if _, err := f.ReadAt(again, 0); err != nil {
		return fmt.Errorf("read again: %w", err)
	}
	for block := range zone {
		at := block * array.BlockSize
		if !bytes.Equal(r.buf[at:][:array.BlockSize], again[at:][:array.BlockSize]) {
			return fmt.Errorf("block %d has changed when the resync has ended", block)
		}
	}
	return nil
}

// judge judges all blocks after each cut that may have left the members so.
func (r *replayer) judge(s recorded.State, missing int) error {
	for block := range uint64(zone) {
		is := r.buf[block*array.BlockSize:][:array.BlockSize]
		for _, cut := range s.Cuts {
			if wrong := r.dues[cut].judge(is, block, missing != whole && r.test.Lossy); wrong != "" {
				return fmt.Errorf("at cut %d: %s", cut+1, wrong)
			}
		}
	}
	return nil
}

// assemble assembles the array without a member, if need be by force.
func (r *replayer) assemble(missing int) (*os.File, error) {
	members := slices.Clone(r.members)
	if missing != whole {
		members = slices.Delete(members, missing, missing+1)
	}
	assemble := r.AssembleByIoctl
	switch r.test.Beside {
	case BesideRecovery, RecoveryBegins, RecoveryEnds:
		assemble = r.AssembleReadAuto // all is read before md takes out the member that is to be rebuilt
	}
	f, err := assemble(members)
	if err == nil {
		return f, nil
	}
	r.forced++
	if forced := r.Assemble(members, "--force"); forced != nil {
		return nil, fmt.Errorf("%w: %w; %w", errNotAssembled, err, forced)
	}
	return array.OpenDirect(r.Dev(), os.O_RDWR)
}
