// SPDX-License-Identifier: BSD-3-Clause

package verdict

import "mdlife/vmtests/event"

// checks: every check is kept on the patched kernel, and the patched kernel ran
// each check that the unpatched one ran.
func checks(rep *Report) (results []Result) {
	for _, c := range rep.Patched.Checks {
		results = append(results, Result{Name: c.Name, Requirement: c.Requirement, OK: c.OK, Detail: c.Detail, Seconds: c.Seconds})
	}
	for _, c := range rep.Unpatched.Checks {
		if FindCheck(rep.Patched.Checks, c.Name) == nil {
			results = append(results, Result{Name: c.Name, Requirement: c.Requirement,
				Detail: "ran on the unpatched kernel but was not reported on " + rep.Patched.named()})
		}
	}
	return results
}

// FindCheck returns the check of that name, or nil.
func FindCheck(cs []event.Check, name string) *event.Check {
	for i := range cs {
		if cs[i].Name == name {
			return &cs[i]
		}
	}
	return nil
}
