// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// Section is a titled part of the side-by-side table.
type Section struct {
	Title string
	Rows  []Row
}

// Row compares one figure on several kernels, with a cell for each.
type Row struct {
	Label string
	Cells []string
	Bad   bool // the last kernel's figure breaks a rule
}

// Cells that stand for nothing.
const (
	none    = "–"
	missing = "missing" // planned but not reported
)

// Sections is the report as a table with the columns unpatched and patched: the
// text and the HTML form share it.
func (rep *Report) Sections() []Section {
	u, p := &rep.Unpatched, &rep.Patched
	out := []Section{kernels(u, p), totals(u, p)}
	for _, spec := range p.Plan.Races {
		out = append(out, race(spec, findRace(u.Races, spec), findRace(p.Races, spec)))
	}
	if u.Mdadm != nil || p.Mdadm != nil {
		out = append(out, mdadm(u.Mdadm, p.Mdadm, rep.broken))
	}
	if rows := checkRows(u.Checks, p.Checks); len(rows) > 0 {
		out = append(out, Section{Title: "checks", Rows: rows})
	}
	bad := func(name string) bool { return rep.broken(windowPrefix + name) }
	if windows := windowSection(bad, *u, *p); len(windows.Rows) > 0 {
		out = append(out, windows)
	}
	return append(out, findings(u, p))
}

// broken tells whether one of the rules was not kept.
func (rep *Report) broken(rules ...string) bool {
	return slices.ContainsFunc(rep.Rules, func(r Result) bool { return !r.OK && slices.Contains(rules, r.Name) })
}

// addRow appends a row with one cell for each column's value; a nil value is
// something that was not reported.
func addRow[T any](s *Section, label string, bad bool, columns []*T, cell func(*T) string) {
	row := Row{Label: label, Bad: bad}
	for _, c := range columns {
		if c == nil {
			row.Cells = append(row.Cells, missing)
		} else {
			row.Cells = append(row.Cells, cell(c))
		}
	}
	s.Rows = append(s.Rows, row)
}

// dropEmpty removes those of the named rows that say nothing in any column.
func (s *Section) dropEmpty(labels ...string) {
	s.Rows = slices.DeleteFunc(s.Rows, func(r Row) bool {
		return slices.Contains(labels, r.Label) && !slices.ContainsFunc(r.Cells, func(c string) bool { return c != none })
	})
}

// kernels tells what was compared.
func kernels(ks ...*KernelPart) Section {
	s := Section{Title: "kernel"}
	addRow(&s, "source", false, ks, func(k *KernelPart) string { return k.Version })
	addRow(&s, "release", false, ks, func(k *KernelPart) string { return k.Release })
	addRow(&s, "build", false, ks, func(k *KernelPart) string { return k.Key })
	addRow(&s, "machine", false, ks, func(k *KernelPart) string { return k.Machine + ", " + k.Accel })
	addRow(&s, "boot to first result", false, ks, func(k *KernelPart) string { return seconds(k.Boot) })
	return s
}

// perSecond is how many stop cycles a second of racing had.
func perSecond(k *KernelPart) float64 { return float64(k.Total.Cycles) / k.Total.Seconds }

// totals sums all races.
func totals(u, p *KernelPart) Section {
	s := Section{Title: fmt.Sprintf("all races (%s and %s)", seconds(u.Total.Seconds), seconds(p.Total.Seconds))}
	ks := []*KernelPart{u, p}
	addRow(&s, "opens", false, ks, func(k *KernelPart) string { return group(k.Total.Opens) })
	addRow(&s, "opens failed, against R7", p.Total.Refused > 0, ks, func(k *KernelPart) string { return group(k.Total.Refused) })
	addRow(&s, "opens failed, by errno", false, ks, func(k *KernelPart) string { return counts(k.Total.OpenFails) })
	addRow(&s, "stop cycles", false, ks, func(k *KernelPart) string {
		if k == p && u.Total.Cycles > 0 {
			return fmt.Sprintf("%s (×%.1f)", group(k.Total.Cycles), perSecond(p)/perSecond(u))
		}
		return group(k.Total.Cycles)
	})
	addRow(&s, "open p50 / p99 / max", false, ks, func(k *KernelPart) string { return latency(k.Total.Open) })
	addRow(&s, "stop p50 / p99 / max", false, ks, func(k *KernelPart) string { return latency(k.Total.Stop) })
	addRow(&s, "close to gone p50 / p99 / max", false, ks, func(k *KernelPart) string { return latency(k.Total.Gone) })
	return s
}

// race is one race phase; a nil result was not reported.
func race(spec event.RaceSpec, rs ...*event.Race) Section {
	members := "no members"
	if spec.Members > 0 {
		members = "raid1 on brd"
	}
	last := rs[len(rs)-1]
	lost := last == nil
	bad := !lost && len(refused(*last)) > 0
	s := Section{Title: fmt.Sprintf("race %s: stop by %s, %s", spec.Name, spec.Stop, members)}
	addRow(&s, "opens", lost, rs, func(r *event.Race) string { n, _ := opens(*r); return group(n) })
	addRow(&s, "opens failed", lost || bad, rs, func(r *event.Race) string { _, f := opens(*r); return counts(f) })
	addRow(&s, "other calls failed", lost || bad, rs, otherFails)
	addRow(&s, "stop cycles", lost, rs, func(r *event.Race) string { return group(r.Cycles) })
	addRow(&s, "open p50 / p99 / max", lost, rs, func(r *event.Race) string { return latency(r.Open) })
	addRow(&s, "stop p50 / p99 / max", lost, rs, func(r *event.Race) string { return latency(r.Stop) })
	addRow(&s, "close to gone p50 / p99 / max", lost, rs, func(r *event.Race) string { return latency(r.Gone) })
	addRow(&s, "left after the last close", lost || len(last.Left) > 0, rs, func(r *event.Race) string { return list(r.Left) })
	addRow(&s, "leaks", lost || len(last.Leaks) > 0, rs, func(r *event.Race) string { return list(r.Leaks) })
	s.dropEmpty("other calls failed", "left after the last close", "leaks")
	return s
}

// otherFails is "2 stop EBUSY": failures of the calls that are no opens.
func otherFails(r *event.Race) string {
	m := map[string]int64{}
	for call, outcomes := range r.Calls {
		for outcome, n := range outcomes {
			if !isOpen(call) && outcome != event.OK {
				m[call+" "+outcome] += n
			}
		}
	}
	return counts(m)
}

// list joins names, or says that there are none.
func list(names []string) string { return orElse(strings.Join(names, ", "), none) }
