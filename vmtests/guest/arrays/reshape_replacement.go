// SPDX-License-Identifier: BSD-3-Clause

package arrays

import "mdlife/vmtests/guest/array"

// reshapeReplacements reshape a raid10 one of whose members is being replaced, which raid4/5/6 refuse: what
// the replacement has already is read from there. Afterwards it is completed, and the member that it
// replaces can go, which it cannot while md believes that somebody uses it.
var reshapeReplacements = rows([]string{"chunk", "layout"}, func(_ int, change string) scenario {
	return scenario{name: "reshape-replacement-" + change, on: isRaid10With(change), run: func(a *array.Array) (string, error) {
		c, _ := a.Personality.ChangeNamed(change)
		return reshapeWhileReplaced(a, c)
	}}
})

// isRaid10With reports whether a personality is raid10, and has a change.
func isRaid10With(change string) func(array.Personality) bool {
	return func(p array.Personality) bool { return p.IsRaid10() && array.HasChange(change)(p) }
}

func reshapeWhileReplaced(a *array.Array, c array.Change) (string, error) {
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	old, spare := a.First()[0], a.Spare() // of the copies that are as near, the first is read
	return "replaced", array.Steps(
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.Write),
		a.Step("replace a member to its middle", func() error { return a.HoldAt(0) },
			func() error { return a.Add(spare) },
			a.Setting(array.MemberDir(old)+"/state", "want_replacement"),
			a.WaitForAction("recover"), a.WaitForHold, a.HoldInTheMiddle,
			array.Timely("frozen > md/sync_action", a.Action("frozen"))),
		a.Step("reshape", func() error { return a.MoveData(c, spare) },
			func() error { return a.Prepare(c) }, a.BeginChange, a.EndReshape, a.Verify),
		a.Step("take out what has been replaced", func() error { return array.Retry(func() error { return a.Remove(old) }) }),
		a.Step("verify", a.CheckNotDegraded, a.Verify, a.CheckMembersAgree),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}
