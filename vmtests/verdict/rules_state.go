// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"strings"

	"mdlife/vmtests/event"
)

// checks: every check is kept on the patched kernel, and the patched kernel ran
// each check that the unpatched one ran.
func checks(rep *Report) []Result {
	var rs []Result
	for _, c := range rep.Patched.Checks {
		rs = append(rs, Result{Name: c.Name, Requirement: c.Requirement, OK: c.OK, Detail: c.Detail, Seconds: c.Seconds})
	}
	for _, c := range rep.Unpatched.Checks {
		if findCheck(rep.Patched.Checks, c.Name) == nil {
			rs = append(rs, Result{Name: c.Name, Requirement: c.Requirement,
				Detail: "ran on the unpatched kernel but was not reported on " + rep.Patched.named()})
		}
	}
	return rs
}

// findCheck returns the check of that name, or nil.
func findCheck(cs []event.Check, name string) *event.Check {
	for i := range cs {
		if cs[i].Name == name {
			return &cs[i]
		}
	}
	return nil
}

// nothingLeft: once all had closed, nothing named the raced device any more.
func nothingLeft(rep *Report) []Result {
	return eachRaceLacks(rep, "gone", "R1", "nothing left after the last close", func(r event.Race) []string { return r.Left })
}

// noLeaks: slabs, inodes and threads came back to where they were.
func noLeaks(rep *Report) []Result {
	return eachRaceLacks(rep, "leaks", "R15", "no leak", func(r event.Race) []string { return r.Leaks })
}

// eachRaceLacks has one result for each race on the patched kernel, kept where
// things returns nothing.
func eachRaceLacks(rep *Report, name, requirement, good string, things func(event.Race) []string) []Result {
	var rs []Result
	for _, r := range rep.Patched.Races {
		found := things(r)
		rs = append(rs, Result{Name: name + "-" + r.Spec.Name, Requirement: requirement, OK: len(found) == 0,
			Detail: orElse(strings.Join(found, ", "), good)})
	}
	return rs
}

// mdadmLoop: R23 with Debian's mdadm and udev. None may be there to stay. How
// often the device is there right after --stop is shown, and no rule: it says more
// about the load on the machine at that time than about the kernel.
func mdadmLoop(rep *Report) []Result {
	u, p := rep.Unpatched.Mdadm, rep.Patched.Mdadm
	if u == nil || p == nil {
		return nil // the rule complete reports it where one was planned
	}
	compare := func(name, what string, n func(*event.Mdadm) int) Result {
		return Result{Name: name, Requirement: "R23", OK: n(p)*u.Cycles <= n(u)*p.Cycles,
			Detail: fmt.Sprintf("%d of %d cycles %s; unpatched %d of %d", n(p), p.Cycles, what, n(u), u.Cycles)}
	}
	return []Result{
		compare("mdadm-settled", fmt.Sprintf("had their device %d ms after mdadm --stop", p.Spec.SettleMillis), thereSettled),
		{Name: "mdadm-left", Requirement: "R23", OK: len(p.LeftAtEnd) == 0,
			Detail: orElse(strings.Join(p.LeftAtEnd, ", "), "no device left once the reader had gone")},
		compare("mdadm-create", "could not create the array", func(m *event.Mdadm) int { return m.CreateFailed }),
		compare("mdadm-stop", "could not stop the array", func(m *event.Mdadm) int { return m.StopFailed }),
	}
}

func thereAfterStop(m *event.Mdadm) int { return m.ThereAfterStop }
func thereSettled(m *event.Mdadm) int   { return m.ThereSettled }

// orElse returns s, or other where s is empty.
func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
