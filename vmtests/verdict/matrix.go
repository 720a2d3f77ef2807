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
)

// matrixRows are the rows of a [Matrix]: the requirements of the series, and what
// the windows do not say by their own name.
var matrixRows = []struct {
	name, title string
	windows     []string // that show the requirement, too
}{
	{"R1", "an unconfigured device goes after its last close", nil},
	{"R2", "a device that an open makes is there for it", []string{"W14"}},
	{"R3", "and stays until an ioctl", nil},
	{"R4", "one ADD event, not one for each open", []string{"W18"}},
	{"R5", "a dying disk is never handed out", []string{"W1", "W3", "W3b"}},
	{"R6", "an open that meets one waits and looks again", []string{"W1", "W2", "W2b", "W2c", "W2d"}},
	{"R7", "an open of a numbered array does not fail", []string{"W4", "W4b", "W5"}},
	{"R8", "a stopped array stays usable until its last close", []string{"W5b", "W15"}},
	{"R9", "clear > array_state stops and removes", nil},
	{"R10", "named arrays get a minor from 512 up", nil},
	{"R11", "bad names are refused, and nothing leaks", nil},
	{"R12", "so are names that can be another device's", nil},
	{"R13", "a named array is kept until it is stopped, and goes", nil},
	{"R14", "so is mdNNN that new_array has made", nil},
	{"R15", "an open that fails early leaves no reference", nil},
	{"R16", "what was written before a stop is on the members", nil},
	{"R17", "the module can be unloaded at any time", []string{"W7", "W8"}},
	{"R18", "holders, partitions, mounts, swap as before", []string{"W5c", "W6", "W6b", "W9", "W9b"}},
	{"R19", "what is missing gets ENXIO at once", nil},
	{"R20", "no open waits for a close; SIGKILL ends each wait", []string{"W5d", "W13"}},
	{"R21", "all that with both ways of removal", []string{"W10", "W1s", "W2s", "W3s", "W3t", "W5s", "W6s", "W9s"}},
	{"R22", "the unraced paths cost nothing", nil},
	{"R23", "nothing comes back to stay", []string{"W11", "W16", "W17"}},
}

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
	for _, r := range matrixRows {
		m.Rows = append(m.Rows, MatrixRow{Name: r.name, Title: r.title})
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

// concerns tells whether a result says something about a row.
func concerns(r Result, row string) bool {
	window, isWindow := strings.CutPrefix(r.Name, windowPrefix)
	if !isWindow {
		return r.Requirement == row
	}
	if window == row {
		return true
	}
	for _, known := range matrixRows {
		if known.name == row {
			return slices.Contains(known.windows, window)
		}
	}
	return false
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
