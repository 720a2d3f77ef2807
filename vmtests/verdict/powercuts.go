// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// PowerCuts sums up the arrays of a machine that was killed again and again.
type PowerCuts struct {
	Label     string       `json:"label"` // of the kernel
	Seed      uint64       `json:"seed"`
	Userspace Userspace    `json:"userspace"`
	Cuts      int          `json:"cuts"` // how often the machine was killed under all of them
	Arrays    []PowerArray `json:"arrays"`
}

// PowerArray sums up one array.
type PowerArray struct {
	Name   string `json:"name"`
	Looks  int    `json:"looks"`  // how often it was assembled and read after a cut
	Acked  uint64 `json:"acked"`  // writes that were acknowledged
	Looked int    `json:"looked"` // blocks read in all looks
	Forced int    `json:"forced"` // how often it took mdadm --force
	Holes  int    `json:"holes"`  // blocks lost to the write hole
	Wrong  string `json:"wrong"`  // the first loss, "" for none
}

// Add enters what was found after one cut.
func (p *PowerCuts) Add(e event.Power) {
	i := slices.IndexFunc(p.Arrays, func(a PowerArray) bool { return a.Name == e.Array })
	if i < 0 {
		i = len(p.Arrays)
		p.Arrays = append(p.Arrays, PowerArray{Name: e.Array})
	}
	a := &p.Arrays[i]
	a.Looks++
	a.Acked = e.Acked
	a.Looked += e.Looked
	a.Holes += e.Holes
	if e.Forced {
		a.Forced++
	}
	if a.Wrong == "" && e.Wrong != "" {
		a.Wrong = fmt.Sprintf("after cut %d: %s", a.Looks, e.Wrong)
	}
}

// Sorted returns the arrays by name.
func (p PowerCuts) Sorted() []PowerArray {
	return slices.SortedFunc(slices.Values(p.Arrays), func(a, b PowerArray) int { return strings.Compare(a.Name, b.Name) })
}

// Results judges the arrays: nothing that was acknowledged is lost, and each array was
// looked at after every cut.
func (p PowerCuts) Results() (results []Result) {
	for _, a := range p.Sorted() {
		results = append(results,
			Result{Name: "kept-" + a.Name, OK: a.Wrong == "",
				Detail: cmp.Or(a.Wrong, fmt.Sprintf("%d blocks read, nothing lost that was acknowledged", a.Looked))},
			Result{Name: "looked-" + a.Name, OK: a.Looks == p.Cuts,
				Detail: fmt.Sprintf("looked at after %d of %d cuts", a.Looks, p.Cuts)})
	}
	if len(p.Arrays) == 0 {
		results = append(results, Result{Name: "looked", Detail: "no array was looked at"})
	}
	return results
}
