// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"slices"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// addRow appends a row with one cell for each column's value; a nil value is
// something that was not reported.
func addRow[T any](s *verdict.Section, label string, bad bool, columns []*T, cell func(*T) string) {
	row := verdict.Row{Label: label, Bad: bad}
	for _, c := range columns {
		if c == nil {
			row.Cells = append(row.Cells, verdict.Missing)
		} else {
			row.Cells = append(row.Cells, cell(c))
		}
	}
	s.Rows = append(s.Rows, row)
}

// dropEmpty removes those of the named rows that are empty in every column.
func dropEmpty(s *verdict.Section, labels ...string) {
	s.Rows = slices.DeleteFunc(s.Rows, func(r verdict.Row) bool {
		return slices.Contains(labels, r.Label) && !slices.ContainsFunc(r.Cells, func(c string) bool { return c != figures.None })
	})
}

// kernels says which kernels were booted, and on what machine.
func kernels(ks ...*verdict.Summary) verdict.Section {
	s := verdict.Section{Title: "kernel"}
	addRow(&s, "source", false, ks, func(k *verdict.Summary) string { return k.Version })
	addRow(&s, "release", false, ks, func(k *verdict.Summary) string { return k.Release })
	addRow(&s, "build", false, ks, func(k *verdict.Summary) string { return k.Key })
	addRow(&s, "machine", false, ks, func(k *verdict.Summary) string { return k.Machine + ", " + k.Accel })
	addRow(&s, "boot to first result", false, ks, func(k *verdict.Summary) string { return figures.Seconds(k.Boot) })
	return s
}

// perSecond is how many stop cycles a second of racing had.
func perSecond(k *verdict.Summary) float64 { return float64(k.Total.Cycles) / k.Total.Seconds }

// totals sums all races.
func totals(u, p *verdict.Summary) verdict.Section {
	s := verdict.Section{Title: fmt.Sprintf("all races (%s and %s)", figures.Seconds(u.Total.Seconds), figures.Seconds(p.Total.Seconds))}
	ks := []*verdict.Summary{u, p}
	addRow(&s, "opens", false, ks, func(k *verdict.Summary) string { return figures.Count(k.Total.Opens) })
	addRow(&s, "opens failed, against R7", p.Total.Refused > 0, ks, func(k *verdict.Summary) string { return figures.Count(k.Total.Refused) })
	addRow(&s, "opens failed, by errno", false, ks, func(k *verdict.Summary) string { return figures.Counts(k.Total.OpenFails) })
	addRow(&s, "stop cycles", false, ks, func(k *verdict.Summary) string {
		if k == p && u.Total.Cycles > 0 {
			return fmt.Sprintf("%s (×%.1f)", figures.Count(k.Total.Cycles), perSecond(p)/perSecond(u))
		}
		return figures.Count(k.Total.Cycles)
	})
	addRow(&s, "open p50 / p99 / max", false, ks, func(k *verdict.Summary) string { return latency(k.Total.Open) })
	addRow(&s, "stop p50 / p99 / max", false, ks, func(k *verdict.Summary) string { return latency(k.Total.Stop) })
	addRow(&s, "close to gone p50 / p99 / max", false, ks, func(k *verdict.Summary) string { return latency(k.Total.Gone) })
	return s
}

// raceTitle begins the title of a race's section.
const raceTitle = "race "

// race is one race phase; a nil result was not reported. A row is marked for the kernels that
// are judged.
func race(spec event.RaceSpec, judged []bool, rs ...*event.Race) verdict.Section {
	members := "no members"
	if spec.Members > 0 {
		members = "raid1 on brd"
	}
	bad := func(broken func(*event.Race) bool) bool {
		for i, r := range rs {
			if judged[i] && (r == nil || broken(r)) {
				return true
			}
		}
		return false
	}
	lost := bad(func(*event.Race) bool { return false })
	refused := bad(func(r *event.Race) bool { return !verdict.RaceKept(*r) })
	s := verdict.Section{Title: fmt.Sprintf(raceTitle+"%s: stop by %s, %s", spec.Name, spec.Stop, members)}
	addRow(&s, "opens", lost, rs, func(r *event.Race) string { n, _ := verdict.Opens(*r); return figures.Count(n) })
	addRow(&s, "opens failed", refused, rs, func(r *event.Race) string { _, f := verdict.Opens(*r); return figures.Counts(f) })
	addRow(&s, "other calls failed", refused, rs, otherFails)
	addRow(&s, "stop cycles", lost, rs, func(r *event.Race) string { return figures.Count(r.Cycles) })
	addRow(&s, "open p50 / p99 / max", lost, rs, func(r *event.Race) string { return latency(r.Open) })
	addRow(&s, "stop p50 / p99 / max", lost, rs, func(r *event.Race) string { return latency(r.Stop) })
	addRow(&s, "close to gone p50 / p99 / max", lost, rs, func(r *event.Race) string { return latency(r.Gone) })
	addRow(&s, "left after the last close", bad(func(r *event.Race) bool { return len(r.Left) > 0 }), rs, func(r *event.Race) string { return figures.List(r.Left) })
	addRow(&s, "leaks", bad(func(r *event.Race) bool { return len(r.Leaks) > 0 }), rs, func(r *event.Race) string { return figures.List(r.Leaks) })
	dropEmpty(&s, "other calls failed", "left after the last close", "leaks")
	return s
}

// otherFails is "2 stop EBUSY": failures of the calls that are no opens.
func otherFails(r *event.Race) string {
	m := map[string]int64{}
	for call, outcomes := range r.Calls {
		for outcome, n := range outcomes {
			if !verdict.IsOpen(call) && outcome != event.OK {
				m[call+" "+outcome] += n
			}
		}
	}
	return figures.Counts(m)
}

// latency prints p50 / p99 / max, or a dash where nothing was measured.
func latency(l event.Latency) string {
	if l.Count == 0 {
		return figures.None
	}
	return figures.Micros(l.P50) + " / " + figures.Micros(l.P99) + " / " + figures.Micros(l.Max)
}
