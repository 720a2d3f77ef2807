// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"slices"
	"strings"

	"mdlife/internal/figures"
	"mdlife/vmtests/verdict"
)

// comparisonSuite is the one suite of a comparison: its rules are about both kernels.
const comparisonSuite = "comparison"

// Comparison is the outcome of mdlife vmtest.
func (r Run) Comparison(rep *verdict.Report) verdict.Outcome {
	u, p := &rep.Unpatched, &rep.Patched
	o := r.outcome(fmt.Sprintf("Comparison on %s: %s and %s", rep.Base, u.Label, p.Label))
	o.Userspace = p.Userspace.String()
	o.Columns = []string{rep.Base, u.Label, p.Label}
	o.Table = comparisonTable(rep)
	o.Suites = []verdict.Suite{{Name: comparisonSuite, Kernel: p.Key, Against: u.Key, Judged: true, Seconds: max(u.Wall, p.Wall), Results: rep.Rules}}
	o.Notes = comparisonNotes(rep)
	o.Conclude()
	return o
}

// comparisonTable is the table with the columns unpatched and patched.
func comparisonTable(rep *verdict.Report) []verdict.Section {
	u, p := &rep.Unpatched, &rep.Patched
	out := []verdict.Section{kernels(u, p), totals(u, p)}
	for _, spec := range p.Plan.Races {
		out = append(out, race(spec, []bool{false, true}, verdict.FindRace(u.Races, spec), verdict.FindRace(p.Races, spec)))
	}
	broken := func(rules ...string) bool {
		return slices.ContainsFunc(rep.Rules, func(r verdict.Result) bool { return !r.OK && slices.Contains(rules, r.Name) })
	}
	if u.Mdadm != nil || p.Mdadm != nil {
		out = append(out, mdadm(u.Mdadm, p.Mdadm, broken))
	}
	if rows := checkRows(u.Checks, p.Checks); len(rows) > 0 {
		out = append(out, verdict.Section{Title: "checks", Rows: rows})
	}
	bad := func(window string) bool { return broken(verdict.WindowPrefix + window) }
	if s := windowSection(bad, *u, *p); len(s.Rows) > 0 {
		out = append(out, s)
	}
	return append(out, findings(u, p))
}

// comparisonNotes are the consoles of guests that died, and what a short run leaves out.
func comparisonNotes(rep *verdict.Report) (notes []string) {
	for _, k := range []*verdict.Summary{&rep.Unpatched, &rep.Patched} {
		if k.Trace != "" {
			notes = append(notes, strings.TrimSpace(k.Trace))
		}
	}
	if m := rep.Minimum; m.Scaled {
		notes = append(notes, fmt.Sprintf("Note: %s of racing instead of %s, so %s opens and %s stop cycles were asked for, not %s and %s.",
			figures.Seconds(rep.RaceSeconds), figures.Seconds(verdict.FullRace.Seconds()),
			figures.Count(m.Opens), figures.Count(m.Cycles), figures.Count(rep.Full.Opens), figures.Count(rep.Full.Cycles)))
	}
	if rep.Quick {
		notes = append(notes, "Note: a quick run; the checks of single requirements (R1 to R23) and the forced windows were left out.")
	}
	return notes
}
