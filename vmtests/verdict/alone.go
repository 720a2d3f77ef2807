// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"cmp"
	"fmt"
	"strings"
)

// Alone judges one kernel by itself, as one that must keep every requirement:
// by the rules that need no other kernel to compare with.
func Alone(k Guest) []Result { return alone(Summarize(k)) }

// AloneButOpens judges one kernel as [Alone] does, but for opens beside test cases of arrays,
// which may fail on a kernel that is not made to keep them.
func AloneButOpens(k Guest) []Result {
	s := Summarize(k)
	for i := range s.Cells {
		s.Cells[i].Opens = map[string]int{"ok": s.Cells[i].Opens["ok"]}
	}
	return alone(s)
}

// UnpatchedAlone judges the unpatched kernel of a comparison as [Alone] does.
func (rep *Report) UnpatchedAlone() []Result { return alone(rep.Unpatched) }

// PatchedAlone judges the patched kernel of a comparison as [Alone] does.
func (rep *Report) PatchedAlone() []Result { return alone(rep.Patched) }

func alone(k Summary) []Result { return apply(single, &Report{Patched: k}) }

// ForcedWindows judges one kernel on which only windows were forced: the unpatched one must
// fail in each as it is known to, any other must hold.
func ForcedWindows(k Guest) []Result {
	if k.Unpatched {
		return apply(knownBugs, &Report{Patched: Summarize(k)})
	}
	return Alone(k)
}

// Broken returns the results of rules that were not kept.
func Broken(all []Result) (bad []Result) {
	for _, r := range all {
		if !r.OK {
			bad = append(bad, r)
		}
	}
	return bad
}

// Together makes one result of many: it is kept if all of them are.
func Together(name, requirement string, all []Result) Result {
	var bad []string
	for _, r := range Broken(all) {
		bad = append(bad, r.Name+": "+r.Detail)
	}
	return Result{Name: name, Requirement: requirement, OK: len(bad) == 0,
		Detail: cmp.Or(strings.Join(bad, "; "), fmt.Sprintf("all %d tests", len(all)))}
}
