// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"strings"

	"mdlife/internal/table"
)

// cellWidth is where a long cell, such as a stack, is folded.
const cellWidth = 46

// WriteText prints the side-by-side table, then the verdict with its reasons.
func (rep *Report) WriteText(w io.Writer) error {
	text := render(rep.Sections(), rep.Base, rep.Unpatched.Label, rep.Patched.Label)
	_, err := fmt.Fprintf(w, "%s\n%s\n%s", text, rep.Traces(), rep.Conclusion())
	return err
}

// Traces is what the consoles of guests that came to grief showed.
func (rep *Report) Traces() string {
	var b strings.Builder
	for _, k := range []*KernelPart{&rep.Unpatched, &rep.Patched} {
		if k.Trace != "" {
			fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(k.Trace))
		}
	}
	return b.String()
}

// render draws sections as one table; header is the first row.
func render(sections []Section, header ...string) string {
	t := table.New(tableRow(header, "")...)
	widths := map[int]int{}
	for i := range header {
		widths[i+1] = cellWidth
	}
	table.Fold(t, widths)
	for _, s := range sections {
		table.AppendSection(t, s.Title, len(header))
		for _, r := range s.Rows {
			mark := ""
			if r.Bad {
				mark = " ✗"
			}
			t.AppendRow(tableRow(append([]string{r.Label}, r.Cells...), mark))
		}
	}
	return t.Render()
}

// tableRow turns cells into a row and appends mark to the last one.
func tableRow(cells []string, mark string) table.Row {
	var row table.Row
	for _, c := range cells {
		row = append(row, c)
	}
	row[len(row)-1] = cells[len(cells)-1] + mark
	return row
}

// Conclusion is what the run means: a note where the run was short, the seed,
// the verdict's word on a line of its own, and its reasons.
func (rep *Report) Conclusion() string {
	var b strings.Builder
	kept := 0
	for _, r := range rep.Rules {
		if r.OK {
			kept++
		}
	}
	if rep.Minimum.Scaled {
		full := MinimumOf(rep.Base, FullRace)
		fmt.Fprintf(&b, "Note: %s of racing instead of %s, so %s opens and %s stop cycles were asked for, not %s and %s.\n",
			seconds(rep.RaceSeconds), seconds(FullRace.Seconds()), group(rep.Minimum.Opens), group(rep.Minimum.Cycles),
			group(full.Opens), group(full.Cycles))
	}
	if rep.Quick {
		b.WriteString("Note: a quick run; the checks of single requirements (R1 to R23) and the forced windows were left out.\n")
	}
	fmt.Fprintf(&b, "Seed %d; %d of %d rules kept.\n", rep.Seed, kept, len(rep.Rules))
	fmt.Fprintf(&b, "%s\n", rep.Verdict)
	for _, reason := range rep.Reasons {
		fmt.Fprintf(&b, "  - %s\n", reason)
	}
	return b.String()
}
