// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// WriteSoak prints what a soak did, by kind of race, and returns the rules that
// were not kept.
func WriteSoak(w io.Writer, k Kernel) ([]Result, error) {
	p := summarize(k)
	sections := []Section{kernels(&p)}
	for _, kind := range kinds(p.Races) {
		sections = append(sections, soakSection(kind.name, kind.races))
	}
	sections = append(sections, soakSection("all races", p.Races), findings(&p))
	var broken []Result
	for _, r := range Alone(k) {
		if !r.OK {
			broken = append(broken, r)
		}
	}
	_, err := fmt.Fprintln(w, render(sections, "", k.Label))
	return broken, err
}

// kind is the races of one sort.
type kind struct {
	name  string
	races []event.Race
}

// kinds sorts races by how the array is stopped and what is underneath.
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
func soakSection(title string, races []event.Race) Section {
	t := total(races)
	row := func(label, cell string) Row { return Row{Label: label, Cells: []string{cell}} }
	return Section{Title: title, Rows: []Row{
		row("races", group(int64(len(races)))),
		row("opens", group(t.Opens)),
		{Label: "opens failed, against R7", Cells: []string{group(t.Refused)}, Bad: t.Refused > 0},
		row("opens failed, by errno", counts(t.OpenFails)),
		row("stop cycles", group(t.Cycles)),
		row("open p50 / p99 / max", latency(t.Open)),
		row("stop p50 / p99 / max", latency(t.Stop)),
		row("close to gone p50 / p99 / max", latency(t.Gone)),
	}}
}

// soakEnd: what was there before the soak is there after it, and no more.
func soakEnd(p *KernelPart) []Result {
	if p.Soak == nil {
		return nil
	}
	return []Result{
		{Name: "soak-gone", Requirement: "R1", OK: len(p.Soak.Left) == 0, Detail: list(p.Soak.Left)},
		{Name: "soak-leaks", Requirement: "R15", OK: len(p.Soak.Leaks) == 0, Detail: list(p.Soak.Leaks)},
	}
}
