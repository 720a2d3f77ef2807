// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"

	"mdlife/vmtests/guest/array"
)

// quiesces have a member fail while whoever has the array's lock waits until no stripe is active
// (raid5_quiesce()). Before a stripe goes on, a superblock must say that the member is out, and without the
// lock nobody can write one.
var quiesces = rows([]quiesceRow{
	{name: "quiesce-threads", journal: true, what: "write to group_thread_cnt",
		quiesce: func(a *array.Array) error { return a.Set("group_thread_cnt", "2") }},
	{name: "quiesce-journal-mode", journal: true, what: "write to journal_mode",
		quiesce: func(a *array.Array) error { return a.Set("journal_mode", "write-through") }},
	{name: "quiesce-reshape", what: "begin of a reshape", quiesce: (*array.Array).BeginChange},
}, func(_ int, q quiesceRow) scenario {
	on := array.Personality.Parity
	if !q.journal {
		on = array.Named("raid6") // the others then miss a member too many: docs/found.md
	}
	return scenario{name: q.name, on: on, company: array.NoCompany, last: true, run: q.run}
})

// quiesceRow is something that waits with the array's lock until no stripe is active.
type quiesceRow struct {
	name    string
	journal bool // a journal in write-back mode, which has stripes active that nobody waits for
	what    string
	quiesce func(*array.Array) error
}

func (q quiesceRow) run(a *array.Array) (string, error) {
	create, ready, end := a.Create(array.Recipe{Clean: true, More: []string{array.DataOffset}}), q.prepare(a), a.EndReshape
	if q.journal {
		create, ready, end = a.Create(array.Recipe{More: []string{array.JournalArg, array.DataOffset}}), a.Setting("journal_mode", "write-back"), a.Settle
	}
	return "it went on when the member was out", array.Steps(
		a.Step("make disks", a.UseGates),
		a.Step("create", create, a.Settle),
		a.Step("write", a.Setting("safe_mode_delay", "0"), ready, a.Write),
		a.Unwatched(a.Step("a member fails under it", a.SettleUdev, func() error { return q.meetFailure(a) })),
		a.Step("mend", a.MendGates, end, array.Timely("a read of all", a.Verify)),
		a.Step("write again", array.Timely("a write of all", a.Write), a.Verify),
		a.Step("stop", array.Timely("a stop", a.Stop(array.ByIoctl))),
	)
}

// prepare returns the step that has the array's next change be a reshape, if that is what is begun.
func (q quiesceRow) prepare(a *array.Array) func() error {
	c, _ := a.Personality.ChangeNamed("grow")
	return func() error { return a.Prepare(c) }
}

// meetFailure has writes wait for a member, and somebody with the array's lock for the writes. Then the
// member fails.
func (q quiesceRow) meetFailure(a *array.Array) error {
	gate := a.Gates[0]
	if err := gate.Shut(); err != nil {
		return err
	}
	io := a.RewriteBlocks(a.SomeBlocks(16)...)
	err := a.Held(io...)
	call := array.Begin(q.what, func() error { return q.quiesce(a) })
	if err = errors.Join(err, a.Held(call)); err == nil && call.Over() {
		err = fmt.Errorf("no power: the %s does not wait for the stripes", q.what)
	}
	if err = errors.Join(err, gate.Break()); err != nil {
		return err
	}
	return array.Steps(func() error { return call.End(array.CallLimit) }, io.End)
}
