// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"slices"
	"strings"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// Soak is the outcome of mdlife soak: the races by their kind.
func (r Run) Soak(g verdict.Guest) verdict.Outcome {
	o, ks := r.guests("Soak on "+r.Base, []verdict.Guest{g})
	o.Table = []verdict.Section{kernels(ks...)}
	for _, kind := range kinds(ks[0].Races) {
		o.Table = append(o.Table, soakSection(kind.name, kind.races))
	}
	o.Table = append(o.Table, soakSection("all races", ks[0].Races), findings(ks...))
	o.Suites = []verdict.Suite{suite(g, true, verdict.Alone(g))}
	o.Conclude()
	return o
}

// kind is the races of one sort.
type kind struct {
	name  string
	races []event.Race
}

// kinds sorts races by how the array is stopped and what its members are.
func kinds(races []event.Race) []kind {
	var out []kind
	index := map[string]int{}
	for _, r := range races {
		name := "stop by " + r.Spec.Stop
		if r.Spec.Members > 0 {
			name += ", raid1 on brd"
		}
		i, ok := index[name]
		if !ok {
			i = len(out)
			index[name] = i
			out = append(out, kind{name: name})
		}
		out[i].races = append(out[i].races, r)
	}
	slices.SortFunc(out, func(a, b kind) int { return strings.Compare(a.name, b.name) })
	return out
}

// soakSection sums races.
func soakSection(title string, races []event.Race) verdict.Section {
	t := verdict.Sum(races)
	row := func(label, cell string) verdict.Row { return verdict.Row{Label: label, Cells: []string{cell}} }
	refused := row("opens failed, against R7", figures.Count(t.Refused))
	refused.Bad = t.Refused > 0
	return verdict.Section{Title: title, Rows: []verdict.Row{
		row("races", figures.Count(int64(len(races)))),
		row("opens", figures.Count(t.Opens)),
		refused,
		row("opens failed, by errno", figures.Counts(t.OpenFails)),
		row("stop cycles", figures.Count(t.Cycles)),
		row("open p50 / p99 / max", latency(t.Open)),
		row("stop p50 / p99 / max", latency(t.Stop)),
		row("close to gone p50 / p99 / max", latency(t.Gone)),
	}}
}
