// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"strings"
	"testing"
	"time"
)

// TestMatrix: a cell sums up the tests of its requirement, and the windows that
// show it; what nobody looked at is not ok.
func TestMatrix(t *testing.T) {
	m := NewMatrix(time.Unix(1_700_000_000, 0), 7)
	failed := m.Add("6.1 unpatched", false, []Result{
		{Name: "R8-inert", Requirement: "R8", Detail: "ENODEV"},
		{Name: "R8-restart", Requirement: "R8", OK: true},
		{Name: "window-W1", Detail: "ENXIO"},
	})
	if got := strings.Join(failed, " "); got != "R5 R6 R8 W1" {
		t.Errorf("failed: %s", got)
	}
	m.Add("6.1 patched", true, []Result{
		{Name: "R8-inert", Requirement: "R8", OK: true},
		{Name: "window-W1", OK: true},
		{Name: "window-W7", OK: true, Skipped: true},
	})
	for _, c := range []struct {
		row    string
		column int
		state  string
	}{
		{"R8", 0, "fails"}, {"R8", 1, "ok"},
		{"R6", 0, "fails"}, {"R6", 1, "ok"}, // W1 shows it
		{"W1", 0, "fails"}, {"W7", 0, ""}, {"W7", 1, ""}, {"R17", 1, ""},
	} {
		for _, r := range m.Rows {
			if r.Name != c.row {
				continue
			}
			if len(r.Cells) != 2 {
				t.Fatalf("%s has %d cells", r.Name, len(r.Cells))
			}
			if got := r.Cells[c.column]; got.State != c.state {
				t.Errorf("%s, column %d: %+v", c.row, c.column, got)
			}
		}
	}
	if why := m.Rows[7].Cells[0].Why; why != "ENODEV" {
		t.Errorf("R8 fails for %q", why)
	}
}

func TestTogether(t *testing.T) {
	good, bad := Result{Name: "a", OK: true}, Result{Name: "b", Detail: "why"}
	if r := Together("x", "R21", []Result{good, good}); !r.OK || r.Detail != "all 2 tests" {
		t.Errorf("%+v", r)
	}
	if r := Together("x", "R21", []Result{good, bad}); r.OK || r.Detail != "b: why" {
		t.Errorf("%+v", r)
	}
}
