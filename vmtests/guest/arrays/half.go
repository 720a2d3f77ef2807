// SPDX-License-Identifier: BSD-3-Clause

package arrays

import "mdlife/vmtests/guest/array"

// halves make a raid10 every second member of which is missing. There is nothing to resync, which must
// end soon, and members that are added are rebuilt.
var halves = rows([]bool{false, true}, func(_ int, bitmap bool) scenario {
	name := "half-missing"
	if bitmap {
		name += "-bitmap"
	}
	return scenario{name: name, on: array.Personality.IsRaid10, run: func(a *array.Array) (string, error) {
		return "two members rebuilt", array.Steps(
			a.Step("create", a.Create(array.Recipe{Half: true, Bitmap: bitmap}), array.Timely("a resync of nothing", a.Settle)),
			a.Step("write", a.Write, a.Verify),
			a.Step("add the missing members", func() error { return a.Add(a.Members[1], a.Members[3]) }, a.Settle, a.CheckNotDegraded),
			a.Step("verify", a.Verify, a.CheckMembersAgree),
			a.Step("rely on them", func() error { return a.Fail(a.Members[0], a.Members[2]) }, a.Verify),
			a.Step("stop", a.Stop(array.ByIoctl)),
		)
	}}
})
