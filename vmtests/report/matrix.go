// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"io"
	"path/filepath"

	"mdlife/internal/figures"
	"mdlife/vmtests/verdict"
)

// Matrix is the outcome of mdlife matrix. The suites are more that is judged: the
// comparisons, for example.
func (r Run) Matrix(m *verdict.Matrix, suites []verdict.Suite) verdict.Outcome {
	o := r.outcome("All requirements and windows on all bases")
	o.Columns = append([]string{""}, m.Columns...)
	o.Table = matrixTable(m)
	o.Suites = append(suites, m.Suites()...)
	o.Conclude()
	return o
}

// matrixTable has a row for each requirement and window.
func matrixTable(m *verdict.Matrix) []verdict.Section {
	s := verdict.Section{Title: "requirements and windows"}
	suites := m.Suites()
	for _, row := range m.Rows {
		r := verdict.Row{Label: row.Name + " " + row.Title}
		for i, c := range row.Cells {
			r.Cells = append(r.Cells, matrixCell(c))
			r.Bad = r.Bad || c.State == verdict.CellFails && suites[i].Judged
		}
		s.Rows = append(s.Rows, r)
	}
	return []verdict.Section{s}
}

// matrixCell is a cell in the table.
func matrixCell(c verdict.MatrixCell) string {
	switch c.State {
	case "":
		return figures.None
	case verdict.CellOK:
		return fmt.Sprintf("ok (%d)", len(c.Tests))
	}
	return c.State
}

// WriteMatrix writes the matrix as JSON.
func WriteMatrix(path string, m *verdict.Matrix) error {
	return writeAll(filepath.Dir(path), map[string]func(io.Writer) error{
		filepath.Base(path): func(w io.Writer) error { return writeJSON(w, m) },
	})
}
