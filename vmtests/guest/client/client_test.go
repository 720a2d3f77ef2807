// SPDX-License-Identifier: BSD-3-Clause

package client

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
)

// newLoop returns a loop on a kernel that has all personalities.
func newLoop() *loop {
	l := &loop{Client: event.Client{Done: map[string]int{}, Failed: map[string]int{}, Errors: map[string]int{}}}
	for _, p := range array.Personalities() {
		if p.OwnMetadata() {
			l.personalities = append(l.personalities, p)
		}
	}
	return l
}

// TestSubject: what a cycle's array is depends on the seed and the cycle's number, and stays
// so: a seed from an old report leads to the same arrays.
func TestSubject(t *testing.T) {
	l := newLoop()
	want := []string{
		"raid1 0.90 false md50",
		"raid6 1.1 false md_loop0",
		"raid6 1.2 false md_loop0",
		"raid10-far 1.1 true md50",
		"raid10-near 1.1 true md_loop0",
		"raid10-offset 0.90 true md50",
		"raid10-near 1.0 true md_loop0",
		"raid10-offset 1.1 false md50",
		"raid5 1.2 true md50",
		"raid1 1.0 true md_loop0",
		"raid0 1.2 false md_loop0",
		"raid1 1.2 true md50",
	}
	for n, w := range want {
		s := l.subject(t.Context(), rand.New(rand.NewPCG(7, uint64(n))), 0)
		if got := fmt.Sprintf("%s %s %t %s", s.Personality.Name, s.recipe.Metadata, s.recipe.Bitmap, s.KernelName()); got != w {
			t.Errorf("cycle %d: %q instead of %q", n, got, w)
		}
	}
}

// TestActions: the actions keep their names, which results have, and their order, on which the
// choices of a seed depend.
func TestActions(t *testing.T) {
	var got []string
	for _, a := range actions() {
		got = append(got, a.name)
	}
	want := []string{"monitor", "fail and re-add", "grow", "assemble by uuid", "assemble by scan", "assemble incrementally"}
	if !slices.Equal(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
}

// TestCanGrow: an array grows without a bitmap, and while there is a disk to add.
func TestCanGrow(t *testing.T) {
	for _, c := range []struct {
		personality string
		recipe      array.Recipe
		disks       int
		want        bool
	}{
		{"raid5", array.Recipe{Metadata: "0.90"}, 3, true},
		{"raid5", array.Recipe{Metadata: "1.2", Bitmap: true}, 3, false},
		{"raid5", array.Recipe{Metadata: "1.2"}, array.DisksEach, false},
		{"raid10-near", array.Recipe{Metadata: "1.0"}, 4, false},
		{"raid10-near", array.Recipe{Metadata: "1.1"}, 4, true},
		{"raid0", array.Recipe{Metadata: "1.2"}, 3, false},
	} {
		p := array.PersonalityNamed(c.personality)
		p.Disks = c.disks
		s := &subject{Array: array.Describe(t.Context(), p, 50, nil), recipe: c.recipe}
		if got := canGrow(s); got != c.want {
			t.Errorf("%s of %d, %+v: %t", c.personality, c.disks, c.recipe, got)
		}
	}
}

// TestCount: what fails is counted by its kind, and explained with the array that it befell.
func TestCount(t *testing.T) {
	l := newLoop()
	s := &subject{Array: array.Describe(t.Context(), array.PersonalityNamed("raid1"), 50, nil), recipe: array.Recipe{Metadata: "1.2"}}
	if !l.count(doesStop, s, nil) || l.count(doesStop, s, fmt.Errorf("mdadm:\n  no")) {
		t.Error("count does not report what has succeeded")
	}
	const message = "cycle 0: stop of raid1 md50, metadata 1.2: mdadm: no"
	if l.Done[doesStop] != 2 || l.Failed[doesStop] != 1 || l.Errors[message] != 1 || l.failures() != 1 {
		t.Errorf("%v tried, %v failed: %v", l.Done, l.Failed, l.Errors)
	}
}
