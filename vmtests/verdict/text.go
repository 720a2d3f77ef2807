// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"strings"

	prettytable "github.com/jedib0t/go-pretty/v6/table"
	prettytext "github.com/jedib0t/go-pretty/v6/text"
)

// cellWidth is where a long cell, such as a stack, is folded.
const cellWidth = 46

// WriteText prints the side-by-side table, then the verdict with its reasons.
func (rep *Report) WriteText(w io.Writer) error {
	table := render(rep.Sections(), rep.Base, rep.Unpatched.Label, rep.Patched.Label)
	_, err := fmt.Fprintf(w, "%s\n%s\n%s", table, rep.Traces(), rep.Conclusion())
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

// render draws sections as one table; header is the first row. go-pretty v6.8.3 divides
// by zero where a title is a little longer than its columns are wide together
// (reBalanceMaxMergedColumnLengths()): then the first column is made wider.
func render(sections []Section, header ...string) string {
	width := 0
	for _, s := range sections {
		for _, r := range s.Rows {
			width = max(width, len(r.Label))
		}
	}
	for {
		if text, ok := tryRender(width, sections, header); ok {
			return text
		}
		width++
	}
}

// tryRender is render with a first column of at least that width.
func tryRender(width int, sections []Section, header []string) (text string, ok bool) {
	defer func() {
		if problem := recover(); problem != nil {
			if width > 10*cellWidth {
				panic(problem) // it was something else
			}
			ok = false
		}
	}()
	tw := prettytable.NewWriter()
	tw.SetStyle(prettytable.StyleLight)
	tw.Style().Format.Header = prettytext.FormatDefault
	var configs []prettytable.ColumnConfig
	for i := range header {
		configs = append(configs, prettytable.ColumnConfig{Number: i + 1, WidthMax: cellWidth, WidthMaxEnforcer: prettytext.WrapSoft})
	}
	configs[0].WidthMin = width
	tw.SetColumnConfigs(configs)
	tw.AppendHeader(tableRow(header, ""))
	for _, s := range sections {
		tw.AppendSeparator()
		tw.AppendRow(titleRow(s.Title, len(header)), prettytable.RowConfig{AutoMerge: true, AutoMergeAlign: prettytext.AlignLeft})
		for _, r := range s.Rows {
			mark := ""
			if r.Bad {
				mark = " ✗"
			}
			tw.AppendRow(tableRow(append([]string{r.Label}, r.Cells...), mark))
		}
	}
	return tw.Render(), true
}

// titleRow repeats a section's title in every column; equal cells are merged.
func titleRow(title string, columns int) prettytable.Row {
	var row prettytable.Row
	for range columns {
		row = append(row, strings.ToUpper(title[:1])+title[1:])
	}
	return row
}

// tableRow turns cells into a row and appends mark to the last one.
func tableRow(cells []string, mark string) prettytable.Row {
	var row prettytable.Row
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
