// SPDX-License-Identifier: BSD-3-Clause

package arrays

import "mdlife/vmtests/guest/array"

// replacement replaces a member that cannot read some of its blocks while it is there: the
// array has these blocks elsewhere. In the end it relies on the new member. Nothing is read beside it,
// by udevd neither: md takes the spare by itself for a member that it has seen fail to read.
var replacement = scenario{name: "fault-replace", on: array.Personality.Redundant, company: array.NoCompany, run: func(a *array.Array) (string, error) {
	return "replaced", array.Steps(
		a.CreateOnNullBlks,
		a.LeftAlone(
			a.Step("write, and have a member fail to read", a.Write, a.SettleUdev, a.BreakFirst),
			a.Step("replace it", func() error { return a.Replace(a.Members[0], a.Spare()) }, a.CheckNotDegraded, a.Verify),
		),
		a.Step("rely on the new one", a.FailMember(1), array.Prefixed("from the new member", a.Verify)),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}}
