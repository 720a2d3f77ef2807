// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"io"
	"strings"

	"mdlife/internal/table"
	"mdlife/vmtests/verdict"
)

// cellWidth is where a long cell, for example a stack, is folded.
const cellWidth = 46

// Print prints an outcome: title, table, notes, reasons, seed, files, the command that
// repeats it, and the verdict's word.
func Print(w io.Writer, o verdict.Outcome) error {
	_, err := io.WriteString(w, Text(o))
	return err
}

// Text is what [Print] prints.
func Text(o verdict.Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", o.Title)
	if o.Userspace != "" {
		fmt.Fprintf(&b, "%s\n", o.Userspace)
	}
	if len(o.Table) > 0 {
		fmt.Fprintf(&b, "%s\n", render(o.Table, o.Columns))
	}
	b.WriteString(Conclusion(o))
	return b.String()
}

// Conclusion is what stands below an outcome's table.
func Conclusion(o verdict.Outcome) string {
	var b strings.Builder
	for _, note := range o.Notes {
		fmt.Fprintln(&b, note)
	}
	if len(o.Reasons) > 0 {
		fmt.Fprintln(&b, "Not kept:")
	}
	for _, reason := range o.Reasons {
		fmt.Fprintf(&b, "  - %s\n", reason)
	}
	kept, all := o.Kept()
	seed := ""
	if o.Seed != 0 {
		seed = fmt.Sprintf("Seed %d; ", o.Seed)
	}
	fmt.Fprintf(&b, "%s%d of %d rules kept.\n", seed, kept, all)
	if len(o.Files) > 0 {
		fmt.Fprintf(&b, "More: %s\n", strings.Join(o.Files, ", "))
	}
	if o.Again != "" {
		fmt.Fprintf(&b, "Again: %s\n", o.Again)
	}
	fmt.Fprintln(&b, o.Verdict)
	return b.String()
}

// render draws sections as one table; the columns' headings are its first row.
func render(sections []verdict.Section, columns []string) string {
	t := table.New(cells(columns)...)
	widths := map[int]int{}
	for i := range columns {
		widths[i+1] = cellWidth
	}
	table.Fold(t, widths)
	for _, s := range sections {
		table.AppendSection(t, s.Title, len(columns))
		for _, r := range s.Rows {
			t.AppendRow(row(r))
		}
	}
	return t.Render()
}

// row is a row of the table, with a mark in its last cell if it is bad.
func row(r verdict.Row) table.Row {
	texts := append([]string{r.Label}, r.Cells...)
	if r.Bad {
		texts[len(texts)-1] += " ✗"
	}
	return cells(texts)
}

func cells(texts []string) (row table.Row) {
	for _, text := range texts {
		row = append(row, text)
	}
	return row
}
