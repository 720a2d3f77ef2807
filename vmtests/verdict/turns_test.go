// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"testing"

	"mdlife/vmtests/event"
)

// TestMergeTurns: a test case passes if it has passed each time, and says how often it failed.
func TestMergeTurns(t *testing.T) {
	merged := MergeTurns([]event.Cell{
		{Name: "raid1/a", OK: true, Detail: "seen", IO: 2, Opens: map[string]int{"ok": 3}},
		{Name: "raid1/b", OK: true, Detail: "once"},
		{Name: "raid1/a", Turn: 1, Detail: "lost", IO: 5, Opens: map[string]int{"ok": 4, "EIO": 1}},
		{Name: "raid1/a", Turn: 2, Detail: "lost again"},
		{Name: "raid1/c", OK: true, Skipped: "no such level"},
		{Name: "raid1/c", OK: true, Turn: 1, Skipped: "no such level"},
	})
	if len(merged) != 3 {
		t.Fatalf("%+v", merged)
	}
	if a := merged[0]; a.OK || a.Detail != "2 of 3 failed: lost" || a.IO != 7 || a.Opens["ok"] != 7 || a.Opens["EIO"] != 1 {
		t.Errorf("%+v", a)
	}
	if b := merged[1]; !b.OK || b.Detail != "once" {
		t.Errorf("%+v", b)
	}
	if c := merged[2]; c.Skipped == "" || c.Detail != "" {
		t.Errorf("%+v", c)
	}
}
