// SPDX-License-Identifier: BSD-3-Clause

package arrays

import "mdlife/vmtests/guest/array"

// reshapeAround grows an array by a member while another cannot read some of its blocks: all
// data go where they must. It reads all as soon as the reshape has begun, too. Nothing is read beside it, by
// udevd neither: md takes the spare for a replacement of a member that it has seen fail to read (the reshape is
// then refused), and Debian 12's mdadm cannot add a member once md has recorded a bad block (docs/found.md).
var reshapeAround = scenario{name: "fault-reshape", on: reshapesWithMembersLost, company: array.NoCompany, run: func(a *array.Array) (string, error) {
	return "reshaped", array.Steps(
		a.CreateOnNullBlks,
		a.LeftAlone(
			a.Step("write, and have a member fail to read", a.Write, a.SettleUdev, a.BreakFirst),
			a.Step("reshape", a.SlowSync, a.BeginReshape, a.WaitForRecord, array.Prefixed("just begun", a.Verify),
				a.ResetSyncSpeed, a.Settle, a.Verify),
		),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}}

func reshapesWithMembersLost(p array.Personality) bool { return p.Redundant() && p.Reshapes() }
