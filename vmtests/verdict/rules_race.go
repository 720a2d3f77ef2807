// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"cmp"
	"fmt"
	"strings"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
)

// noRefusal: R7 on the patched kernel, race by race, for every kind of call.
func noRefusal(rep *Report) (results []Result) {
	for _, r := range rep.Patched.Races {
		tried, _ := Opens(r)
		res := Result{Name: "race-" + r.Spec.Name, Requirement: "R7", OK: true, Seconds: r.Seconds,
			Detail: fmt.Sprintf("no forbidden failure in %s opens and %s cycles", figures.Count(tried), figures.Count(r.Cycles))}
		var bad []string
		for _, f := range refused(r) {
			bad = append(bad, f.String())
		}
		if len(bad) > 0 {
			res.OK = false
			res.Detail = fmt.Sprintf("%s (of %s opens, %s cycles; seed %d)",
				strings.Join(bad, ", "), figures.Count(tried), figures.Count(r.Cycles), r.Seed)
		}
		results = append(results, res)
	}
	return results
}

// enough: zero failures mean little in few opens.
func enough(rep *Report) []Result {
	t, m, on := rep.Patched.Total, rep.Minimum, rep.Patched.named()
	return []Result{
		{Name: "enough-opens", OK: t.Judged >= m.Opens,
			Detail: fmt.Sprintf("%s racing opens bound by R7 on %s, %s needed", figures.Count(t.Judged), on, figures.Count(m.Opens))},
		{Name: "enough-cycles", OK: t.Cycles >= m.Cycles,
			Detail: fmt.Sprintf("%s stop cycles on %s, %s needed", figures.Count(t.Cycles), on, figures.Count(m.Cycles))},
	}
}

// everyRaceRan: a race in which nothing was opened or nothing stopped raced nothing.
func everyRaceRan(rep *Report) (results []Result) {
	for _, r := range rep.Patched.Races {
		tried, _ := Opens(r)
		results = append(results, Result{Name: "raced-" + r.Spec.Name, OK: tried > 0 && r.Cycles > 0,
			Detail: fmt.Sprintf("%s opens against %s stops", figures.Count(tried), figures.Count(r.Cycles))})
	}
	return results
}

// nothingLeft: once all had closed, nothing named the raced device any more.
func nothingLeft(rep *Report) []Result {
	return eachRaceLacks(rep, "gone", "R1", "nothing left after the last close", func(r event.Race) []string { return r.Left })
}

// noLeaks: slabs, inodes and threads came back to where they were.
func noLeaks(rep *Report) []Result {
	return eachRaceLacks(rep, "leaks", "R15", "no leak", func(r event.Race) []string { return r.Leaks })
}

// eachRaceLacks has one result for each race on the patched kernel, which is kept where
// things returns nothing.
func eachRaceLacks(rep *Report, name, requirement, good string, things func(event.Race) []string) (results []Result) {
	for _, r := range rep.Patched.Races {
		found := things(r)
		results = append(results, Result{Name: name + "-" + r.Spec.Name, Requirement: requirement, OK: len(found) == 0,
			Detail: cmp.Or(strings.Join(found, ", "), good)})
	}
	return results
}

// RaceKept reports whether a race broke no promise of R7.
func RaceKept(r event.Race) bool { return len(refused(r)) == 0 }
