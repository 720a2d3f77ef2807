// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"slices"

	"mdlife/vmtests/guest/array"
)

// journalled is the recipe of an array with a journal.
var journalled = array.Recipe{More: []string{array.JournalArg, array.DataOffset}}

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
	state, err := a.Attr("array_state")
	if err == nil && state != "readonly" && state != "read-auto" {
		err = fmt.Errorf("without its journal, and without --force, it is %s", state)
	}
	return "read-only", err
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
