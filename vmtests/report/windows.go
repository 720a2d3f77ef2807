// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"slices"

	"mdlife/vmtests/verdict"
)

// Windows is the outcome of mdlife windows: the unpatched kernel must fail in each forced
// window as it is known to, every other kernel must hold.
func (r Run) Windows(guests []verdict.Guest) verdict.Outcome {
	o, _ := r.guests("Windows forced on "+r.Base, guests)
	bad := map[string]bool{}
	var ks []verdict.Summary
	for _, g := range guests {
		results := verdict.ForcedWindows(g)
		o.Suites = append(o.Suites, suite(g, true, results))
		for _, b := range verdict.Broken(results) {
			bad[b.Name] = true
		}
		ks = append(ks, verdict.Summarize(g))
	}
	o.Table = []verdict.Section{windowSection(func(name string) bool { return bad[verdict.WindowPrefix+name] }, ks...)}
	o.Conclude()
	return o
}

// windowSection has one row for each window; those that no kernel can show come last, in one
// row for each reason.
func windowSection(bad func(name string) bool, ks ...verdict.Summary) verdict.Section {
	s := verdict.Section{Title: "windows, forced"}
	var skipped []verdict.Row
	for _, name := range verdict.WindowNames(ks...) {
		row := verdict.Row{Label: name, Bad: bad(name)}
		ran := false
		for _, k := range ks {
			w := verdict.FindWindow(k.Windows, name)
			ran = ran || w == nil || w.Skipped == ""
			row.Cells = append(row.Cells, verdict.WindowState(w))
		}
		if ran {
			s.Rows = append(s.Rows, row)
			continue
		}
		same := slices.IndexFunc(skipped, func(r verdict.Row) bool { return slices.Equal(r.Cells, row.Cells) })
		if same < 0 {
			skipped = append(skipped, row)
			continue
		}
		skipped[same].Label += ", " + name
		skipped[same].Bad = skipped[same].Bad || row.Bad
	}
	s.Rows = append(s.Rows, skipped...)
	return s
}
