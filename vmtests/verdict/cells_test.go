// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"slices"
	"strings"
	"testing"

	"mdlife/vmtests/event"
)

// cellGuest is a guest that has reported these cells.
func cellGuest(label string, cells ...event.Cell) Kernel {
	k := Kernel{Label: label, Plan: event.Plan{Cells: []string{event.AllCells}}}
	k.Events = append(k.Events, event.Event{Hello: &event.Hello{}})
	for _, c := range cells {
		k.Events = append(k.Events, event.Event{Cell: &c})
	}
	k.Events = append(k.Events, event.Event{Done: &event.Done{}})
	return k
}

// TestCells: opens that fail beside a cell break its rule on every kernel but the
// unpatched one, and what a kernel cannot run breaks none.
func TestCells(t *testing.T) {
	lived := event.Cell{Name: "raid5/life-1.2", Personality: "raid5", OK: true, Opens: map[string]int{"ok": 10}}
	raced := lived
	raced.Opens = map[string]int{"ok": 10, "ENODEV": 2}
	lost := event.Cell{Name: "raid5/stop-dirty", Personality: "raid5", Detail: "block 7 is of writing 1, not 2", Opens: map[string]int{"ok": 3}}
	skipped := event.Cell{Name: "multipath/life-1.2", Personality: "multipath", Skipped: "kernels do not have it"}
	for _, c := range []struct {
		name     string
		guests   []Kernel
		problems int
		want     string
	}{
		{"all well", []Kernel{cellGuest("unpatched", raced), cellGuest("patched", lived, skipped)}, 0, "opens"},
		{"opens failed", []Kernel{cellGuest("patched", raced)}, 1, "2, 12"},
		{"data lost", []Kernel{cellGuest("patched", lived, lost)}, 1, "FAIL ✗"},
		{"data lost unpatched", []Kernel{cellGuest("unpatched", lost), cellGuest("patched", lived)}, 0,
			"unpatched (not judged): raid5/stop-dirty: block 7 is of writing 1, not 2"},
		{"nothing to run", []Kernel{cellGuest("unpatched", skipped), cellGuest("patched", skipped)}, 1, ""},
		{"nothing reported", []Kernel{cellGuest("patched")}, 1, ""},
	} {
		var out strings.Builder
		problems, err := WriteCells(&out, c.guests)
		if err != nil || len(problems) != c.problems || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %d problems %v, want %d and %q in\n%s", c.name, len(problems), problems, c.problems, c.want, out.String())
		}
	}
}

// TestRenderAnyWidths: whatever the widths of columns and title, there is a table.
func TestRenderAnyWidths(t *testing.T) {
	for columns := 1; columns < 6; columns++ {
		for width := range 30 {
			for title := 1; title < 80; title++ {
				cells := slices.Repeat([]string{strings.Repeat("c", width)}, columns)
				s := Section{Title: strings.Repeat("t", title), Rows: []Row{{Label: "label", Cells: cells}}}
				if got := render([]Section{s}, append([]string{""}, cells...)...); !strings.Contains(got, "label") {
					t.Fatalf("%d columns of %d, title of %d: %s", columns, width, title, got)
				}
			}
		}
	}
}
