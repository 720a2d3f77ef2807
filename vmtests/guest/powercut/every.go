// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/recorded"
)

// Every is a test of an array that is written to once, and whose power is then cut at each moment
// that matters: before and after each flush of a member, and at each acknowledgement. After each,
// every state is tried that the members may be left in, or many of them.
type Every struct {
	Recipe   array.Recipe
	Degraded bool   // a mirror without its first member
	Journal  string // md/journal_mode, "" for the default
	Beside   Beside // what md does meanwhile, "" for nothing
	Change   string // what a reshape changes
	Again    bool   // the array has a journal, which has older writings of what is written beside that

	// NoHole says that the array promises to lose nothing either if a member is gone after the cut. Lossy
	// excepts what was being written.
	NoHole, Lossy bool

	Agree bool // the members are looked at each time, and not only now and then
}

// Sizes of arrays whose states are tried. Small ones are quickly resynced.
const (
	everyKiB  = 512 // of each member
	diskBytes = 16 << 20
)

// every is one such test.
type every struct {
	*array.Array
	test    Every
	log     *recorded.Log
	disks   []*recorded.Disk
	members []string // that the array is assembled of
	work    *workload
	met     int // how many writings have met what goes on beside

	first  map[uint64]uint64 // the writing of each block before the log
	events []recorded.Event
}

// Run writes, cuts, and looks.
func (e Every) Run(a *array.Array) (seen string, err error) {
	t := &every{Array: a, test: e, log: &recorded.Log{}}
	err = array.Steps(
		a.Step("make disks", t.makeDisks),
		a.Step("create", func() error { return t.create() }),
		a.Step("write", a.Unwatched(t.record)),
		a.Quickly(func() (err error) {
			seen, err = t.replay()
			return err
		}),
	)
	return seen, err
}

// makeDisks makes the members, and a disk for a journal or a spare.
func (t *every) makeDisks() (err error) {
	t.disks, err = t.UseServed(t.Personality.Disks+1, diskBytes, t.log)
	return err
}

// create makes the array.
func (t *every) create() error {
	recipe := t.test.Recipe
	recipe.KiB = everyKiB
	if err := array.Steps(t.Create(recipe), t.Settle); err != nil {
		return err
	}
	t.members = slices.Clone(t.First())
	if recipe.HasJournal() {
		t.members = append(t.members, t.Journal())
	}
	if t.test.Degraded {
		t.members = t.members[1:]
		return array.Steps(t.FailMember(0), t.Write)
	}
	return nil
}

// latest is how late a disk answers at most.
const latest = 2 * time.Millisecond

// record writes the blocks, and what is to be cut.
func (t *every) record() error {
	err := t.begin()
	if err == nil {
		err = t.writeLogged()
	}
	if err != nil {
		if t.work != nil {
			_ = t.work.file.Close() // it may be closed
		}
		return err
	}
	return t.StopOpen(t.work.file)
}

// writeLogged has the log record what is written.
func (t *every) writeLogged() error {
	for i, d := range t.disks {
		d.Keep()
		rng := rand.New(rand.NewPCG(t.Rand.Uint64(), uint64(i)))
		d.Answer(func() time.Duration { return time.Duration(rng.Int64N(int64(latest))) })
	}
	t.log.Start()
	err := array.Steps(t.logged()...)
	t.events = t.log.Stop()
	for _, d := range t.disks {
		d.Answer(func() time.Duration { return 0 })
	}
	return err
}

// logged is what is to be cut.
func (t *every) logged() []func() error {
	switch t.test.Beside {
	case "":
		return []func() error{t.work.writeAlone, t.work.writeTogether}
	case ReshapeBegins:
		return []func() error{t.Reshape}
	case ReshapeEnds:
		return []func() error{t.EndReshape}
	case RecoveryBegins:
		return []func() error{t.rebuild}
	case RecoveryEnds:
		return []func() error{t.endRecovery}
	}
	return []func() error{t.writeBeside, t.work.writeTogether}
}

// begin writes all blocks once, and has the array begin a new life: in its first one, one with a
// journal does not trust that, and what was written before is still in there.
func (t *every) begin() error {
	f, err := array.OpenDirect(t.Dev(), os.O_RDWR)
	if err != nil {
		return err
	}
	t.work = &workload{log: t.log, file: f, rng: t.Rand}
	write := func() (err error) {
		t.first, err = t.work.begin()
		return err
	}
	stop, assemble := func() error { return t.StopOpen(f) }, t.AssembleByIoctl
	if t.test.Beside == BesideResync {
		stop, assemble = t.leaveDirty, t.AssembleReadAuto
	}
	return array.Steps(
		t.Setting("safe_mode_delay", "0"), // which would call it clean soon
		write,
		stop,
		func() (err error) {
			t.work.file, err = assemble(t.members)
			return err
		},
		func() error {
			if t.test.Journal == "" {
				return nil
			}
			return t.Set("journal_mode", t.test.Journal)
		},
		t.beginBeside,
	)
}

// seen says what was tried.
func (r *replayer) seen() string {
	seen := fmt.Sprintf("%d cuts, %d of %d states, looked %d times, assembled by force %d times", len(r.cuts), r.tried, r.states, r.looks, r.forced)
	if r.met > 0 {
		seen += fmt.Sprintf(", %d of %d writings met the %s", r.met, alone, r.test.Beside)
	}
	return seen
}
