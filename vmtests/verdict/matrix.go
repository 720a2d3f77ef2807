// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mdlife/internal/atomicfile"
	"mdlife/vmtests/requirement"
)

// Matrix says for each requirement and window what each kernel of each base makes
// of it. It is written as JSON and printed as a table.
type Matrix struct {
	Schema  int         `json:"schema"`
	Started time.Time   `json:"started"`
	Seed    uint64      `json:"seed"`
	Columns []string    `json:"columns"` // "6.1 unpatched", "6.1 patched", …
	Rows    []MatrixRow `json:"rows"`
}

// MatrixRow is a requirement or a window.
type MatrixRow struct {
	Name  string       `json:"name"`
	Title string       `json:"title"`
	Cells []MatrixCell `json:"cells"` // one for each column
}

// MatrixCell is what one kernel makes of a row.
type MatrixCell struct {
	State string   `json:"state"`           // "ok", "fails" or "" where nothing looked at it
	Tests []string `json:"tests,omitempty"` // that looked
	Why   string   `json:"why,omitempty"`   // of the first that failed
}

// States of a [MatrixCell].
const (
	cellOK    = "ok"
	cellFails = "fails"
)

// NewMatrix makes a matrix without columns.
func NewMatrix(started time.Time, seed uint64) *Matrix {
	m := &Matrix{Schema: SchemaVersion, Started: started.UTC(), Seed: seed}
	for _, r := range requirement.All() {
		m.Rows = append(m.Rows, MatrixRow{Name: r.Name, Title: r.Title})
	}
	return m
}

// Add adds a column: what a kernel's tests say, judged by [Alone]. It returns the
// rows that fail.
func (m *Matrix) Add(column string, results []Result) (failed []string) {
	for _, r := range results {
		if name, ok := strings.CutPrefix(r.Name, windowPrefix); ok {
			m.row(name)
		}
	}
	m.Columns = append(m.Columns, column)
	for i := range m.Rows {
		row := &m.Rows[i]
		for len(row.Cells) < len(m.Columns)-1 {
			row.Cells = append(row.Cells, MatrixCell{}) // a window that the others do not have
		}
		c := cell(row.Name, results)
		row.Cells = append(row.Cells, c)
		if c.State == cellFails {
			failed = append(failed, row.Name)
		}
	}
	return failed
}

// row makes sure that there is a row for a window.
func (m *Matrix) row(window string) {
	if !slices.ContainsFunc(m.Rows, func(r MatrixRow) bool { return r.Name == window }) {
		m.Rows = append(m.Rows, MatrixRow{Name: window, Title: "window, forced"})
	}
}

// cell sums up the results that concern a row.
func cell(row string, results []Result) MatrixCell {
	var c MatrixCell
	for _, r := range results {
		if !concerns(r, row) || r.Skipped {
			continue
		}
		c.Tests = append(c.Tests, r.Name)
		switch {
		case !r.OK && c.State != cellFails:
			c.State, c.Why = cellFails, r.Detail
		case c.State == "":
			c.State = cellOK
		}
	}
	return c
}

// concerns reports whether a result says something about a row.
func concerns(r Result, row string) bool {
	window, isWindow := strings.CutPrefix(r.Name, windowPrefix)
	if !isWindow {
		return r.Requirement == row
	}
	return window == row || requirement.ShownBy(row, window)
}

// Sections is the matrix as a table.
func (m *Matrix) Sections() []Section {
	s := Section{Title: "requirements and windows"}
	for _, row := range m.Rows {
		var cells []string
		bad := false
		for i, c := range row.Cells {
			cells = append(cells, c.String())
			bad = bad || c.State == cellFails && !strings.HasSuffix(m.Columns[i], " unpatched")
		}
		s.Rows = append(s.Rows, Row{Label: row.Name + " " + row.Title, Cells: cells, Bad: bad})
	}
	return []Section{s}
}

// String is the cell in the table.
func (c MatrixCell) String() string {
	switch c.State {
	case "":
		return none
	case cellOK:
		return fmt.Sprintf("ok (%d)", len(c.Tests))
	}
	return c.State
}

// WriteText prints the table.
func (m *Matrix) WriteText(w io.Writer) error {
	_, err := fmt.Fprintln(w, render(m.Sections(), append([]string{""}, m.Columns...)...))
	return err
}

// WriteFile writes the matrix as JSON, whole or not at all.
func (m *Matrix) WriteFile(path string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
