// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mdlife/internal/table"
	"mdlife/vmtests/verdict"
)

// ReadOutcome returns the outcome that a directory keeps, and whether it has one.
func ReadOutcome(dir string) (o verdict.Outcome, ok bool, err error) {
	file := filepath.Join(dir, OutcomeFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return o, false, nil
	}
	if err != nil {
		return o, false, err
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return o, false, fmt.Errorf("%s is damaged: %w; run again what wrote it, or remove it", file, err)
	}
	if o.Schema != verdict.OutcomeSchema {
		return o, false, fmt.Errorf("%s has schema %d, and %d is known; run again what wrote it, or remove it", file, o.Schema, verdict.OutcomeSchema)
	}
	return o, true, nil
}

// How wide the columns of a table in a mail are: all of three fit into 80 columns.
const (
	letterLabelWidth = 26
	letterCellWidth  = 21
)

// Letter is an outcome as a cover letter has it: what was run and when, the command, the table
// in plain characters, and the verdict's word with its reasons. Of a comparison's races it has
// the sum.
func Letter(o verdict.Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, on %s:\n", o.Title, o.Started.Format("2006-01-02"))
	fmt.Fprintf(&b, "    %s\n\n", o.Again)
	t := table.NewPlain(cells(o.Columns)...)
	widths := map[int]int{1: letterLabelWidth}
	for i := range o.Columns[min(1, len(o.Columns)):] {
		widths[i+2] = letterCellWidth
	}
	table.Fold(t, widths)
	for _, s := range o.Table {
		if strings.HasPrefix(s.Title, raceTitle) {
			continue
		}
		table.AppendSection(t, s.Title, len(o.Columns))
		for _, r := range s.Rows {
			t.AppendRow(row(r))
		}
	}
	fmt.Fprintf(&b, "%s\n", t.Render())
	for _, reason := range o.Reasons {
		fmt.Fprintf(&b, "  - not kept: %s\n", reason)
	}
	kept, all := o.Kept()
	fmt.Fprintf(&b, "%s: %d of %d rules kept.", o.Verdict, kept, all)
	return b.String()
}
