// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"

	"mdlife/vmtests/guest/array"
)

// reAdd has a member that was away come back: the blocks that were written meanwhile, and
// only those, are brought up to date, as the bitmap says. It writes every other run of the
// pattern while the member is away. A bit of the bitmap stands for one run.
var reAdd = scenario{name: "fault-re-add", on: array.Personality.Redundant, company: array.ReadsOnly, run: func(a *array.Array) (string, error) {
	bits := []string{fmt.Sprintf("--bitmap-chunk=%dK", array.RunBlocks*array.BlockSize/1024), "--delay=1"}
	old, missed := array.Pattern{Parts: 2, Part: 0}, array.Pattern{Parts: 2, Part: 1}
	writeOld := func() error { return old.Write(a.Dev()) }
	writeMissed := func() error { return missed.Write(a.Dev()) }
	return "came back", array.Steps(
		a.Step("create", a.Create(array.Recipe{Bitmap: true, More: bits})),
		a.Step("write", a.Settle, writeOld, writeMissed, a.WaitForCleanBitmap),
		a.Step("write without a member", a.TakeOutFirst, writeMissed),
		a.Step("re-add", func() error { return a.ReAdd(a.Members[0]) }, a.Settle, a.CheckNotDegraded, a.CheckMembersAgree),
		a.Step("rely on it", a.FailMember(1), array.Prefixed("from the member that has come back", func() error {
			return array.Steps(func() error { return missed.Verify(a.Dev()) }, func() error { return old.Verify(a.Dev()) })
		})),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}}
