// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"strings"
	"testing"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
)

// TestCheck: only the machine's arrays have names here, which users type.
func TestCheck(t *testing.T) {
	const all = "raid1, raid1-degraded, raid10-near, raid10-far, raid10-near-degraded, raid5, raid5-journal, raid5-journal-degraded, " +
		"raid5-ppl, raid5-ppl-degraded, raid5-degraded, raid6, raid6-journal, raid6-degraded"
	if got := strings.Join(Names(), ", "); got != all {
		t.Errorf("the arrays are %s, and not %s", got, all)
	}
	if err := Check(Names()...); err != nil {
		t.Error(err)
	}
	if err := Check("raid5", "raid0"); err == nil || err.Error() != "there is no array raid0; there are "+all {
		t.Errorf("raid0: %v", err)
	}
}

// TestWriteHole: a lost block counts as the write hole's only where the array has that, and
// only in a row that was being written.
func TestWriteHole(t *testing.T) {
	raid5 := array.Describe(t.Context(), array.PersonalityNamed("raid5"), 50, make([]string, event.PowerDisks))
	// Chunks of 4 blocks, two a stripe: blocks 1 and 5 are one row, 2 is another.
	for _, c := range []struct {
		name  string
		hole  bool
		block uint64
		holes int
		wrong bool
	}{
		{"in the row", true, 5, 1, false},
		{"beside the row", true, 2, 0, true},
		{"in the next stripe", true, 9, 0, true},
		{"no hole", false, 5, 0, true},
	} {
		m := &machineArray{Array: raid5, kind: powerArray{hole: c.hole}}
		var res event.Power
		m.judge(lostBlock{block: c.block, writing: 7, is: "is torn"}, 8, map[uint64]bool{m.row(1): true}, &res)
		if res.Holes != c.holes || (res.Wrong != "") != c.wrong {
			t.Errorf("%s: %+v", c.name, res)
		}
	}
	raid1 := &machineArray{Array: array.Describe(t.Context(), array.PersonalityNamed("raid1"), 50, nil)}
	if raid1.row(5) != 5 {
		t.Errorf("a mirror's block 5 is in row %d", raid1.row(5))
	}
}
