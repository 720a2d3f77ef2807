// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"slices"
	"testing"

	"mdlife/vmtests/event"
)

// TestPowerCuts: a loss, and an array that was not looked at after every cut, break a rule.
func TestPowerCuts(t *testing.T) {
	p := PowerCuts{Label: "patched", Cuts: 2}
	expect := func(want ...string) {
		t.Helper()
		var got []string
		for _, r := range Broken(p.Results()) {
			got = append(got, r.Name+": "+r.Detail)
		}
		if !slices.Equal(got, want) {
			t.Errorf("broken: %q, want %q", got, want)
		}
	}
	expect("looked: no array was looked at")
	p.Add(event.Power{Array: "raid6", Acked: 7, Looked: 7})
	p.Add(event.Power{Array: "raid5", Acked: 5, Looked: 5, Holes: 1, Forced: true})
	p.Add(event.Power{Array: "raid5", Acked: 9, Looked: 9})
	expect("looked-raid6: looked at after 1 of 2 cuts")
	if a := p.Sorted()[0]; a != (PowerArray{Name: "raid5", Looks: 2, Acked: 9, Looked: 14, Forced: 1, Holes: 1}) {
		t.Errorf("%+v", a)
	}
	p.Add(event.Power{Array: "raid6", Acked: 8, Looked: 8, Wrong: "block 3 is torn"})
	expect("kept-raid6: after cut 2: block 3 is torn")
	p.Add(event.Power{Array: "raid6", Wrong: "block 4 is torn"}) // the first loss stays
	p.Cuts = 3
	expect("looked-raid5: looked at after 2 of 3 cuts", "kept-raid6: after cut 2: block 3 is torn")
}
