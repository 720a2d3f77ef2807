// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"os"
	"slices"
	"strings"
	"testing"

	"mdlife/vmtests/event"
)

// Each known bug is in docs/found.md, and a test case shows it.
func TestKnownBugsAreFound(t *testing.T) {
	found, err := os.ReadFile("../../../docs/found.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range knownBugs {
		if !strings.Contains(string(found), "\n## "+k.found) {
			t.Errorf("docs/found.md has no section %q", k.found)
		}
		release := append(slices.Clone(k.releases), "")[0]
		if !slices.ContainsFunc(testCases(), func(c testCase) bool { return k.shownBy(c, release) }) {
			t.Errorf("no test case shows %q", k.found)
		}
	}
}

func TestKnownBugIsExcused(t *testing.T) {
	one := func(name string) testCase {
		return testCases()[slices.IndexFunc(testCases(), func(c testCase) bool { return c.name == name })]
	}
	for _, c := range []struct {
		name, release string
		ok, excused   bool
	}{
		{"raid5/reshape-unreadable-grow", "7.2.13", false, true},
		{"raid5/reshape-unreadable-grow", "7.2.13", true, false},
		{"raid10-near/reshape-unreadable-grow", "7.2.13", false, false},
		{"raid6/reshape-held-io-frozen", "6.1.192", false, true},
		{"raid6/reshape-held-io-frozen", "6.12.118", false, false},
		{"raid5/life-1.2", "6.1.192", false, false},
	} {
		got := excuse(event.Cell{OK: c.ok, Detail: "why"}, one(c.name), c.release)
		if excused := strings.HasSuffix(got.Skipped, "why"); excused != c.excused || got.OK != c.ok {
			t.Errorf("%s on %s, ok %v: %+v", c.name, c.release, c.ok, got)
		}
	}
}
