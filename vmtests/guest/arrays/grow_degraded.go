// SPDX-License-Identifier: BSD-3-Clause

package arrays

import "mdlife/vmtests/guest/array"

// growDegraded has an array grow that lacks as many members as it can lack. The new ones are no
// members yet when raid5_start_reshape() begins: if they count as missing, md takes the array for one
// that has failed, and does not add them.
var growDegraded = scenario{name: "grow-degraded", on: array.Personality.Parity, run: func(a *array.Array) (string, error) {
	c, _ := a.Personality.ChangeNamed("grow")
	steps := []func() error{
		a.Step("create", a.Create(array.Recipe{Clean: true, More: []string{array.DataOffset}}), a.Settle),
		a.Step("write", a.Write),
		// Frozen, or the new member is taken for a spare, and rebuilt into the place of a lost one.
		a.Step("prepare", func() error { return a.Prepare(c) }, a.Setting("sync_action", "frozen")),
	}
	for i := range a.Personality.MaxLost {
		steps = append(steps, a.Step("lose a member", a.FailMember(i)))
	}
	steps = append(steps,
		a.Step("grow", a.BeginChange, a.EndReshape, array.Timely("a read of all", a.Verify)),
		a.Step("write again", a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
	return "", array.Steps(steps...)
}}
