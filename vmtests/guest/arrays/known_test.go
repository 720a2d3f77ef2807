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
		name, release, why string
		ok, excused        bool
	}{
		{"raid5/reshape-unreadable-grow", "7.2.13", "read all: a read: block 15 is block 1371", false, true},
		{"raid5/reshape-unreadable-grow", "7.2.13", "read all: a read: block 15 is block 1371", true, false},
		{"raid5/reshape-unreadable-grow", "7.2.13", "stop: a stop: device or resource busy", false, false},
		{"raid10-near/reshape-unreadable-grow", "7.2.13", "read all: a read: block 15 is block 1371", false, false},
		{"raid6/reshape-held-io-frozen", "6.1.192", "1 > md/suspend_lo does not return", false, true},
		{"raid6/reshape-held-io-frozen", "6.12.118", "1 > md/suspend_lo does not return", false, false},
		{"raid1/fault-failfast", "7.2.13", "write again: a write: write at block 0: input/output error", false, true},
		{"raid5/life-1.2", "6.1.192", "why", false, false},
		{"raid10-near/mdmon-ddf-add", "7.2.13", `assemble incrementally: md/degraded is "1" (<nil>)`, false, true},
		{"raid10-near/mdmon-imsm-add", "7.2.13", `assemble incrementally: md/degraded is "1" (<nil>)`, false, false},
		{"raid1/mdmon-imsm-inactive", "7.2.13", "stop by inactive: stopped by inactive, but md55 is inactive", false, true},
		{"raid1/mdmon-imsm-clear", "7.2.13", "stop by sysfs: stopped by sysfs, but md55 is inactive", false, false},
		{"raid5/cuts-grow-begin", "7.2.13", "power cut 14 of 14: is not assembled: RUN_ARRAY: invalid argument; mdadm --assemble: exit status 1: mdadm: superblock on /dev/nbd20 doesn't match others - assembly aborted", false, true},
		{"raid5/cuts-grow-begin", "7.2.13", "power cut 14 of 14: at cut 14: block 12, last acknowledged as writing 4, is no block of ours", false, false},
		{"raid5/cuts-grow", "7.2.13", "power cut 14 of 14: is not assembled: RUN_ARRAY: invalid argument; mdadm --assemble: exit status 1: mdadm: superblock on /dev/nbd20 doesn't match others - assembly aborted", false, false},
		{"raid6/cuts-layout-end", "7.2.13", "power cut 15 of 32: is not assembled: ADD_NEW_DISK /dev/nbd19: invalid argument; mdadm --assemble: exit status 1: mdadm: superblock on /dev/nbd19 doesn't match others - assembly aborted", false, true},
	} {
		got := excuse(event.Cell{OK: c.ok, Detail: c.why}, one(c.name), c.release)
		if excused := got.Skipped != "" && strings.HasSuffix(got.Skipped, c.why); excused != c.excused || got.OK != c.ok {
			t.Errorf("%s on %s, ok %v: %+v", c.name, c.release, c.ok, got)
		}
	}
}
