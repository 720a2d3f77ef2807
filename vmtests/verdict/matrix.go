// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"slices"
	"strings"
	"time"

	"mdlife/vmtests/requirement"
)

// Matrix says for each requirement and window whether each kernel of each base keeps it.
// Package report prints it as a table and keeps it as JSON.
type Matrix struct {
	Schema  int         `json:"schema"`
	Started time.Time   `json:"started"`
	Seed    uint64      `json:"seed"`
	Columns []string    `json:"columns"` // "6.1 unpatched", "6.1 patched", …
	Rows    []MatrixRow `json:"rows"`

	suites []Suite // one for each column
}

// MatrixRow is a requirement or a window.
type MatrixRow struct {
	Name  string       `json:"name"`
	Title string       `json:"title"`
	Cells []MatrixCell `json:"cells"` // one for each column
}

// MatrixCell is the result of one kernel for one row.
type MatrixCell struct {
	State string   `json:"state"`           // "ok", "fails" or "" where nothing looked at it
	Tests []string `json:"tests,omitempty"` // that looked
	Why   string   `json:"why,omitempty"`   // of the first that failed
}

// States of a [MatrixCell].
const (
	CellOK    = "ok"
	CellFails = "fails"
)

// NewMatrix makes a matrix without columns.
func NewMatrix(started time.Time, seed uint64) *Matrix {
	m := &Matrix{Schema: SchemaVersion, Started: started.UTC(), Seed: seed}
	for _, r := range requirement.All() {
		m.Rows = append(m.Rows, MatrixRow{Name: r.Name, Title: r.Title})
	}
	return m
}

// Add adds a column: the results of a kernel, which is judged unless it is the unpatched
// one. It returns the rows that fail.
func (m *Matrix) Add(column string, judged bool, results []Result) (failed []string) {
	for _, r := range results {
		if name, ok := strings.CutPrefix(r.Name, WindowPrefix); ok {
			m.row(name)
		}
	}
	m.Columns = append(m.Columns, column)
	m.suites = append(m.suites, Suite{Name: column, Judged: judged, Results: results})
	for i := range m.Rows {
		row := &m.Rows[i]
		for len(row.Cells) < len(m.Columns)-1 {
			row.Cells = append(row.Cells, MatrixCell{}) // a window that the others do not have
		}
		c := cell(row.Name, results)
		row.Cells = append(row.Cells, c)
		if c.State == CellFails {
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
		case !r.OK && c.State != CellFails:
			c.State, c.Why = CellFails, r.Detail
		case c.State == "":
			c.State = CellOK
		}
	}
	return c
}

// concerns reports whether a result says something about a row.
func concerns(r Result, row string) bool {
	window, isWindow := strings.CutPrefix(r.Name, WindowPrefix)
	if !isWindow {
		return r.Requirement == row
	}
	return window == row || requirement.ShownBy(row, window)
}

// Suites returns the results behind the columns, one suite for each.
func (m *Matrix) Suites() []Suite { return m.suites }
