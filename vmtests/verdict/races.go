// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"strings"

	"mdlife/vmtests/event"
)

// WriteRaces prints the races of any number of kernels side by side, without a
// verdict on them together. It returns for each kernel what R7 forbids, what
// was found in its console and what is missing; nil where there is nothing.
func WriteRaces(w io.Writer, guests []Kernel) ([][]string, error) {
	var parts []*KernelPart
	header := []string{""}
	for _, g := range guests {
		p := summarize(g)
		parts = append(parts, &p)
		header = append(header, g.Label)
	}
	sections := []Section{kernels(parts...)}
	for _, spec := range guests[0].Plan.Races {
		var column []*event.Race
		for _, p := range parts {
			column = append(column, findRace(p.Races, spec))
		}
		sections = append(sections, race(spec, column...))
	}
	sections = append(sections, findings(parts...))
	var problems [][]string
	for _, p := range parts {
		problems = append(problems, raceProblems(p))
	}
	_, err := fmt.Fprintln(w, render(sections, header...))
	return problems, err
}

// raceProblems is what keeps a kernel's races from being clean.
func raceProblems(p *KernelPart) []string {
	out := lacking(p)
	for _, r := range p.Races {
		for _, f := range refused(r) {
			out = append(out, f.String())
		}
		out = append(out, r.Left...)
		out = append(out, r.Leaks...)
	}
	for _, f := range unexpected(p.Findings) {
		out = append(out, strings.TrimSpace(f.Kind+": "+f.Title))
	}
	return out
}
