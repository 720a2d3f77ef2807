// SPDX-License-Identifier: BSD-3-Clause

package arrays

import "mdlife/vmtests/guest/array"

// readRecovery reads a mirror while a leg that has nothing yet waits to be rebuilt, and while it is, from
// one that is read as a last resort: what is not rebuilt must come from that.
var readRecovery = scenario{name: "read-recovery", on: array.Named("raid1"), company: array.ReadsOnly, run: func(a *array.Array) (string, error) {
	read := func() error { return array.Steps(a.Verify, a.DropCache) }
	return "read before, in the middle of, and after a rebuild", array.Steps(
		a.Step("create", a.Create(array.Recipe{Clean: true}), a.Setting(array.MemberDir(a.Members[1])+"/state", "writemostly")),
		a.Step("write", a.Write),
		a.Step("lose a leg", a.TakeOutFirst, func() error { return array.ZeroAll(a.Members[0]) }, a.Setting("sync_max", "0")),
		a.Step("put it back", func() error { return a.Add(a.Members[0]) }, a.WaitForAction("recover"), a.WaitForHold),
		a.Step("read before it is rebuilt", read),
		a.Step("read in the middle", a.HoldInTheMiddle, read),
		a.Step("read when it is rebuilt", a.LetGo, a.Settle, a.CheckNotDegraded, read, a.CheckMembersAgree),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}}
