// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMatrix: a cell sums up the tests of its requirement, and the windows that
// show it; what nobody looked at is not ok.
func TestMatrix(t *testing.T) {
	m := NewMatrix(time.Unix(1_700_000_000, 0), 7)
	failed := m.Add("6.1 unpatched", []Result{
		{Name: "R8-inert", Requirement: "R8", Detail: "ENODEV"},
		{Name: "R8-restart", Requirement: "R8", OK: true},
		{Name: "window-W1", Detail: "ENXIO"},
	})
	if got := strings.Join(failed, " "); got != "R5 R6 R8 W1" {
		t.Errorf("failed: %s", got)
	}
	m.Add("6.1 patched", []Result{
		{Name: "R8-inert", Requirement: "R8", OK: true},
		{Name: "window-W1", OK: true},
		{Name: "window-W7", OK: true, Skipped: true},
	})
	for _, c := range []struct {
		row            string
		column         int
		state, printed string
	}{
		{"R8", 0, "fails", "fails"}, {"R8", 1, "ok", "ok (1)"},
		{"R6", 0, "fails", "fails"}, {"R6", 1, "ok", "ok (1)"}, // W1 shows it
		{"W1", 0, "fails", "fails"}, {"W7", 0, "", "–"}, {"W7", 1, "", "–"}, {"R17", 1, "", "–"},
	} {
		for _, r := range m.Rows {
			if r.Name != c.row {
				continue
			}
			if len(r.Cells) != 2 {
				t.Fatalf("%s has %d cells", r.Name, len(r.Cells))
			}
			if got := r.Cells[c.column]; got.State != c.state || got.String() != c.printed {
				t.Errorf("%s, column %d: %+v, printed %q", c.row, c.column, got, got)
			}
		}
	}
	if why := m.Rows[7].Cells[0].Why; why != "ENODEV" {
		t.Errorf("R8 fails for %q", why)
	}
}

func TestMatrixIsWritten(t *testing.T) {
	m := NewMatrix(time.Unix(1_700_000_000, 0), 7)
	m.Add("6.1 patched", []Result{{Name: "R8-inert", Requirement: "R8"}})
	var text bytes.Buffer
	if err := m.WriteText(&text); err != nil || !strings.Contains(text.String(), "R8 a stopped array") {
		t.Errorf("%v:\n%s", err, &text)
	}
	path := filepath.Join(t.TempDir(), "out", "matrix.json")
	if err := m.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var again Matrix
	if err := json.Unmarshal(b, &again); err != nil || again.Seed != 7 || again.Rows[7].Cells[0].State != "fails" {
		t.Errorf("%v, %+v", err, again)
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
