// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"slices"
	"strings"
	"testing"
)

// TestOrder: the test cases that take longest come first, those that may end the guest last, and none is lost.
func TestOrder(t *testing.T) {
	all := testCases()
	ordered := inOrder(all)
	cuts := func(c testCase) bool { return strings.Contains(c.name, "/power") || strings.Contains(c.name, "/cuts") }
	n := slices.IndexFunc(ordered, func(c testCase) bool { return !cuts(c) })
	if n < 10 || len(ordered) != len(all) || slices.ContainsFunc(ordered[n:], cuts) {
		t.Errorf("%d of %d test cases that cut the power come first, of %d", n, len(ordered), len(all))
	}
	isLast := func(c testCase) bool { return c.last || c.ends }
	n = slices.IndexFunc(ordered, isLast)
	if n < 10 || slices.ContainsFunc(ordered[n:], func(c testCase) bool { return !isLast(c) }) {
		t.Errorf("of %d test cases, number %d is the first that may end the guest", len(ordered), n)
	}
	n = slices.IndexFunc(ordered, func(c testCase) bool { return c.ends })
	if n < 0 || slices.ContainsFunc(ordered[n:], func(c testCase) bool { return !c.ends }) {
		t.Errorf("of %d test cases, number %d is the first that ends the guest, and others follow", len(ordered), n)
	}
}

// TestChoose: a test case's name chooses that alone, a personality's all of its test cases.
func TestChoose(t *testing.T) {
	var names []string
	for _, c := range testCases() {
		if slices.Contains(names, c.name) {
			t.Errorf("%s is there twice", c.name)
		}
		names = append(names, c.name)
	}
	of := func(personality string) (n int) {
		for _, name := range names {
			if strings.HasPrefix(name, personality) {
				n++
			}
		}
		return n
	}
	for want, n := range map[string]int{
		"all": len(names), "raid5": of("raid5/"), "raid10": of("raid10-"), "raid10-far": of("raid10-far/"), "raid5/life-1.2": 1,
	} {
		if got, err := choose([]string{want}); err != nil || len(got) != n || n == 0 {
			t.Errorf("%s chooses %d test cases, want %d (%v)", want, len(got), n, err)
		}
	}
	for want, message := range map[string]string{
		"raid": "no personality or test case is called raid; personalities are linear, raid0, raid1, raid4,", "": "personalities are", "raid1/": "raid1/ names no scenario: want raid1",
		"raid5/nosuch": "raid5 has no test case nosuch; there are life-0.90,", "raid55/life-1.2": "personalities are",
	} {
		if err := Check("raid1", want); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
