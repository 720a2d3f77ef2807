// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// Races is the outcome of mdlife race: the races of any number of kernels side by side. The
// unpatched kernel is shown, and judged only where its guest died.
func (r Run) Races(guests []verdict.Guest) verdict.Outcome {
	o, ks := r.guests("Races on "+r.Base, guests)
	var judged []bool
	for _, g := range guests {
		judged = append(judged, !g.Unpatched || g.Died != "")
	}
	o.Table = []verdict.Section{kernels(ks...)}
	for _, spec := range guests[0].Plan.Races {
		var column []*event.Race
		for _, k := range ks {
			column = append(column, verdict.FindRace(k.Races, spec))
		}
		o.Table = append(o.Table, race(spec, judged, column...))
	}
	o.Table = append(o.Table, findings(ks...))
	for i, g := range guests {
		results := verdict.Alone(g)
		o.Suites = append(o.Suites, suite(g, judged[i], results))
		if !judged[i] {
			o.Notes = append(o.Notes, notJudged(g.Label, results)...)
		}
	}
	o.Conclude()
	return o
}

// notJudged says which rules the unpatched kernel did not keep.
func notJudged(label string, results []verdict.Result) (lines []string) {
	for _, r := range verdict.Broken(results) {
		lines = append(lines, fmt.Sprintf("%s (not judged): %s", label, r.Reason()))
	}
	return lines
}
