// SPDX-License-Identifier: BSD-3-Clause

package arrays

import "mdlife/vmtests/guest/array"

// slowMember has every I/O of one member take 2 ms, and stops the array under writes.
var slowMember = scenario{name: "fault-slow", on: array.Personality.Redundant, run: func(a *array.Array) (string, error) {
	slow := map[string]string{"irqmode": "2", "completion_nsec": "2000000"}
	return "with one slow member", array.Steps(
		a.Step("make disks", func() error { return a.UseNullBlksWith(slow) }),
		a.Step("create", a.Create(array.Recipe{Clean: true})),
		a.Step("write, and stop", a.LeaveDirty, a.Stop(array.ByIoctl)),
		a.Step("assemble, and verify", a.AssembleFirst, a.Verify),
		a.Step("stop again", a.Stop(array.ByMdadm)),
	)
}}
