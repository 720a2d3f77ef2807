// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/guest/array"
)

// journals are about the journal of a raid4, raid5 or raid6 that fails, or is not there: no I/O hangs, what
// was there stays and can be read, and the array can be stopped and assembled without it. Nobody else writes:
// writes through the page cache fail without a journal, and the next direct read, which waits for them, gets
// their error.
var journals = rows([]journalRow{
	{name: "journal-fails", mode: "write-through"},
	{name: "journal-fails-write-back", mode: "write-back"},
	{name: "journal-fails-degraded", mode: "write-through", degraded: true},
}, func(_ int, j journalRow) scenario {
	return scenario{name: j.name, on: array.Personality.Parity, company: array.ReadsOnly, last: true, run: j.run}
})

// journalRow is how an array was that loses its journal.
type journalRow struct {
	name, mode string
	degraded   bool
}

// journalled is the recipe of an array with a journal.
var journalled = array.Recipe{More: []string{array.JournalArg, array.DataOffset}}

func (j journalRow) run(a *array.Array) (string, error) {
	steps := []func() error{
		a.Step("make disks", a.UseGates),
		a.Step("create", a.Create(journalled), a.Settle, a.Setting("journal_mode", j.mode)),
		a.Step("write", a.StayActive, a.Write),
	}
	if j.degraded {
		steps = append(steps, a.Step("lose a member", a.FailMember(0), a.Write))
	}
	steps = append(steps,
		a.Unwatched(a.Step("the journal fails under writes", a.SettleUdev, func() error { return failJournal(a) })),
		a.Step("read and write without it", array.Timely("a read of all", a.Verify), func() error { return writesInTime(a) }),
		a.Step("stop", a.MendGates, array.Timely("a stop", a.Stop(array.ByIoctl))),
		a.Step("assemble without it", func() error { return a.Assemble(j.members(a), "--force") }, a.Settle, array.Timely("a read of all", a.Verify)),
		a.Step("stop again", a.Stop(array.ByIoctl)),
	)
	return "no I/O hangs", array.Steps(steps...)
}

// members returns those that the array has in the end.
func (j journalRow) members(a *array.Array) []string {
	if j.degraded {
		return a.First()[1:]
	}
	return a.First()
}

// failJournal has blocks be written once more, as they are, while the journal fails. The writes may get
// an error, but must not hang.
func failJournal(a *array.Array) error {
	gate := a.Gates[len(a.Gates)-1]
	if err := gate.Shut(); err != nil {
		return err
	}
	io := a.RewriteBlocks(a.SomeBlocks(16)...)
	if err := a.Held(io...); err != nil {
		return errors.Join(err, gate.Open())
	}
	if err := gate.Break(); err != nil {
		return err
	}
	if err := io.End(); errors.Is(err, array.ErrHangs) {
		return err
	}
	return journalIsOut(a)
}

// journalIsOut fails unless md has noticed that the journal fails.
func journalIsOut(a *array.Array) error {
	state, err := a.Attr(array.MemberDir(a.Journal()) + "/state")
	if err == nil && !strings.Contains(state, "faulty") {
		err = fmt.Errorf("the journal fails all I/O, and is %q all the same", state)
	}
	return err
}

// writesInTime writes blocks once more, as they are: that may get an error, but must not hang.
func writesInTime(a *array.Array) error {
	if err := a.RewriteBlocks(a.SomeBlocks(4)...).End(); errors.Is(err, array.ErrHangs) {
		return err
	}
	return nil
}

// journalMissing assembles an array without its journal: not as if nothing was missing, but by force. Then it
// is read-only, until it is told to do without.
var journalMissing = scenario{name: "journal-missing", on: array.Personality.Parity, run: func(a *array.Array) (seen string, err error) {
	err = array.Steps(
		a.Step("create", a.Create(journalled), a.Settle),
		a.Step("write", a.Write),
		a.Step("stop", a.Stop(array.ByMdadm)),
		a.Step("assemble without the journal", func() (err error) {
			seen, err = assembleWithoutJournal(a)
			return err
		}, a.Verify),
		a.Step("stop again", array.Timely("a stop", a.Stop(array.ByIoctl))),
		a.Step("assemble by force", func() error { return a.Assemble(a.First(), "--force") }, a.Settle, a.Verify),
		a.Step("see that it is not written to", func() error { return isReadOnly(a) }, func() error { return staysReadOnly(a) }),
		a.Step("do without a journal", a.Setting("consistency_policy", "resync"), a.MakeReadWrite),
		a.Step("write", a.Write, a.Verify),
		a.Step("stop at the end", a.Stop(array.ByMdadm)),
	)
	return seen, err
}}

// assembleWithoutJournal assembles the members alone: the array is read-only then, or refused. Where mdadm
// refuses, it is assembled of all.
func assembleWithoutJournal(a *array.Array) (seen string, err error) {
	if err := a.Assemble(a.First()); err != nil {
		return "refused", a.Assemble(append(slices.Clone(a.First()), a.Journal()))
	}
	return "read-only", isReadOnly(a)
}

// isReadOnly fails unless nobody can write to an array whose journal is missing.
func isReadOnly(a *array.Array) error {
	state, err := a.Attr("array_state")
	if err == nil && state != "readonly" && state != "read-auto" {
		err = fmt.Errorf("its journal is missing, and it is %s", state)
	}
	return err
}

// staysReadOnly fails if the array can be made read-write while it is to have a journal, which is missing.
func staysReadOnly(a *array.Array) error {
	if a.MakeReadWrite() == nil {
		return errors.New("its journal is missing, and mdadm --readwrite has made it read-write")
	}
	return isReadOnly(a)
}

// journalOnMirror has the journal be a mirror, which loses a leg.
var journalOnMirror = scenario{name: "journal-on-raid1", on: hasRoomForMirror, run: func(a *array.Array) (string, error) {
	legs := a.Members[a.Personality.Disks:][:2]
	return "written with a degraded journal", array.Steps(
		a.Step("make the journal", func() error { return a.UseMirror(legs) }),
		a.Step("create", a.Create(journalled), a.Settle),
		a.Step("write", a.Write, a.Verify),
		a.Step("the journal loses a leg", func() error { return a.FailIn(a.Journal(), legs[0]) }, a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
		a.Step("assemble", func() error { return a.Assemble(append(slices.Clone(a.First()), a.Journal())) }, a.Settle, a.Verify, a.Write, a.Verify),
		a.Step("stop again", a.Stop(array.ByMdadm)),
	)
}}

// hasRoomForMirror reports whether there are two disks more than the members.
func hasRoomForMirror(p array.Personality) bool {
	return p.Parity() && p.Disks+2 <= array.DisksEach
}
