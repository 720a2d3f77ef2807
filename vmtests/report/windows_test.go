// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"slices"
	"strings"
	"testing"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// TestSkippedWindowsShareRows: one row for each reason, after those that ran.
func TestSkippedWindowsShareRows(t *testing.T) {
	const old, sync = "too old", "one way"
	var ks [2]verdict.Summary
	for i := range ks {
		for _, name := range []string{"W1", "W1s", "W2", "W3s", "W12"} {
			w := event.Window{Name: name, Held: true}
			switch {
			case strings.HasSuffix(name, "s"):
				w.Held, w.Skipped = false, sync
			case name == "W12":
				w.Held, w.Skipped = false, old
			case name == "W2" && i == 0: // on one of two kernels only
				w.Held, w.Skipped = false, old
			}
			ks[i].Windows = append(ks[i].Windows, w)
		}
	}
	var labels []string
	for _, r := range windowSection(func(string) bool { return false }, ks[:]...).Rows {
		labels = append(labels, r.Label)
	}
	if want := []string{"W1", "W2", "W1s, W3s", "W12"}; !slices.Equal(labels, want) {
		t.Errorf("rows %q, want %q", labels, want)
	}
}
