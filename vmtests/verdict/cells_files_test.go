// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/vmtests/event"
)

// TestCellFiles: a cell that fails, or beside which an open does, is a failure in the
// JUnit file, as is a guest that ended early, unless it is the unpatched kernel's; and
// what a cell has seen is in the JSON.
func TestCellFiles(t *testing.T) {
	cells := []event.Event{
		{Cell: &event.Cell{Name: "raid1/life-1.2", Personality: "raid1", OK: true, Detail: "lived"}},
		{Cell: &event.Cell{Name: "raid1/stop-dirty", Personality: "raid1", OK: true, Opens: map[string]int{"ENXIO": 3}}},
		{Cell: &event.Cell{Name: "raid5/fault-dead", Personality: "raid5", Detail: "block 7 is torn"}},
		{Cell: &event.Cell{Name: "faulty/life-1.0", Personality: "faulty", Skipped: "gone since 6.8"}},
	}
	dir := t.TempDir()
	guests := []Kernel{{Label: "unpatched", Events: cells}, {Label: "patched", Events: cells, Died: "panic"}}
	if err := WriteCellFiles(dir, "6.1", guests); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name string
		has  map[string]int // what is in it, and how often
	}{
		{JUnitFile, map[string]int{"<testsuite ": 2, "<failure ": 3, `name="complete"`: 2, "not judged: the guest never said hello": 1,
			`message="the guest ended early: panic; `: 1, `message="skipped: gone since 6.8"`: 2,
			`classname="mdlife.6.1.arrays.patched.raid5"`: 1}},
		{CellsFile, map[string]int{`"detail": "block 7 is torn"`: 2, `"label": "patched"`: 1, `"ENXIO": 3`: 2}},
	} {
		b, err := os.ReadFile(filepath.Join(dir, f.name))
		if err != nil {
			t.Fatal(err)
		}
		for part, want := range f.has {
			if got := strings.Count(string(b), part); got != want {
				t.Errorf("%s has %q %d times, want %d", f.name, part, got, want)
			}
		}
	}
}
