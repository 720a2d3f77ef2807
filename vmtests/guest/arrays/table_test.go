// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"mdlife/kernel"
	"mdlife/vmtests/guest/array"
)

// goldenCases are the names of all test cases in their order, each with the bases that lack its
// personality. They are what users and the results of former runs call them: a name may be
// added, but none may go or change.
//
//go:embed testdata/cases.txt
var goldenCases string

// mdstats are the first lines of the bases' /proc/mdstat.
var mdstats = map[string]string{
	"5.10":     "Personalities : [linear] [multipath] [raid0] [raid1] [raid6] [raid5] [raid4] [raid10] [faulty]",
	"6.1":      "Personalities : [linear] [multipath] [raid0] [raid1] [raid6] [raid5] [raid4] [raid10] [faulty]",
	"6.12":     "Personalities : [raid0] [raid1] [raid6] [raid5] [raid4] [raid10]",
	"mainline": "Personalities : [linear] [raid0] [raid1] [raid6] [raid5] [raid4] [raid10]",
}

// TestCases: the test cases of each base are the golden ones, in their order.
func TestCases(t *testing.T) {
	var got []string
	for _, c := range testCases() {
		line := c.name
		var lacking []string
		for _, base := range kernel.Bases() {
			mdstat, known := mdstats[base.Name]
			if !known {
				t.Fatalf("which personalities has %s? Add it to mdstats", base.Name)
			}
			if c.personality.LackingIn(mdstat) != "" {
				lacking = append(lacking, base.Name)
			}
		}
		if len(lacking) > 0 {
			line += "\tnot on " + strings.Join(lacking, ", ")
		}
		got = append(got, line)
	}
	want := strings.Split(strings.TrimSpace(goldenCases), "\n")
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("test case %q has gone", w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("test case %q is not in testdata/cases.txt", g)
		}
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("test case %d is %q instead of %q", i+1, got[i], want[i])
		}
	}
}

// TestLacking: a personality that kernels lost is explained with when and how.
func TestLacking(t *testing.T) {
	for _, c := range []struct{ personality, base, want string }{
		{"linear", "6.12", "kernels do not have it from 6.8 (849d18e27be9) to 6.14 (127186cfb184)"},
		{"faulty", "mainline", "kernels do not have it since 6.8 (415c7451872b)"},
		{"raid10-far", "6.1", ""},
	} {
		if got := array.PersonalityNamed(c.personality).LackingIn(mdstats[c.base]); got != c.want {
			t.Errorf("%s on %s: %q instead of %q", c.personality, c.base, got, c.want)
		}
	}
	if got := array.PersonalityNamed("raid5").LackingIn("Personalities : [raid1]\n"); !strings.Contains(got, "/proc/mdstat") {
		t.Errorf("raid5 on a kernel with raid1 alone: %q", got)
	}
}

// TestEveryScenarioIsUsed: a scenario that is for no personality, or has nothing to run, is a
// mistake.
func TestEveryScenarioIsUsed(t *testing.T) {
	for _, s := range scenarios {
		if s.run == nil || !slices.ContainsFunc(array.Personalities(), s.on) {
			t.Errorf("%s is for no personality, or has nothing to run", s.name)
		}
	}
}
