// SPDX-License-Identifier: BSD-3-Clause

package table

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	w := New("name", "what Came")
	AppendSection(w, "first", 2)
	w.AppendRow(Row{"a", "one two three"})
	Fold(w, map[int]int{2: 9})
	want := strings.Join([]string{
		"┌──────┬───────────┐",
		"│ name │ what Came │",
		"├──────┴───────────┤",
		"│ First            │",
		"│ a    │ one two   │",
		"│      │ three     │",
		"└──────┴───────────┘",
	}, "\n")
	if got := w.Render(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestTitles has titles that are a little shorter or longer than the columns are wide
// together: go-pretty 6.8.3 divided by zero there.
func TestTitles(t *testing.T) {
	for columns := 1; columns < 6; columns++ {
		for cell := range 12 {
			for title := 1; title < 60; title++ {
				w := New()
				var row Row
				for range columns {
					row = append(row, strings.Repeat("c", cell))
				}
				AppendSection(w, strings.Repeat("t", title), columns)
				w.AppendRow(row)
				if got := w.Render(); !strings.Contains(got, "T"+strings.Repeat("t", title-1)) {
					t.Fatalf("the title of %d letters is not whole:\n%s", title, got)
				}
			}
		}
	}
}

func TestPlain(t *testing.T) {
	w := NewPlain("name", "what Came")
	w.AppendRow(Row{"a", "b"})
	if got, want := w.Render(), "+------+-----------+\n| name | what Came |\n+------+-----------+\n| a    | b         |\n+------+-----------+"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
