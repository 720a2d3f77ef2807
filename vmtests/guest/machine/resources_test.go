// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
)

// allMinors lists the ranges; [TestNoRangeIsMissing] finds one that it lacks.
var allMinors = []Minors{RaceMinors, ArrayMinors, MemberMinors, CheckMinors, WindowMinors, ReusedMinor, AbsentMinor}

func TestNoRangeIsMissing(t *testing.T) {
	source, err := os.ReadFile("resources.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), "= Minors{"); n != len(allMinors) {
		t.Errorf("resources.go has %d ranges, and %d are compared here", n, len(allMinors))
	}
}

// TestMinorsDoNotOverlap: nobody's number is another's, and none is one that the kernel
// gives to an array by name, but for the number that is to be absent.
func TestMinorsDoNotOverlap(t *testing.T) {
	ranges := slices.Clone(allMinors)
	slices.SortFunc(ranges, func(a, b Minors) int { return cmp.Compare(a.First, b.First) })
	for i, r := range ranges {
		if r.user == "" || r.First > r.Last {
			t.Errorf("%+v is no range", r)
		}
		if i > 0 && r.First <= ranges[i-1].Last {
			t.Errorf("%+v overlaps %+v", r, ranges[i-1])
		}
		if r.Last >= md.FirstNamedMinor && r != AbsentMinor {
			t.Errorf("%+v has numbers that the kernel gives to arrays by name", r)
		}
	}
	if AbsentMinor.First < md.FirstNamedMinor {
		t.Errorf("%+v: an open makes a device for it", AbsentMinor)
	}
}

// TestRangesAreLargeEnough: for the devices that a soak may have, and for the worst day of
// the checks and the windows, some of which take 40 numbers and 3 tries.
func TestRangesAreLargeEnough(t *testing.T) {
	for _, c := range []struct {
		of   Minors
		want uint32
	}{{RaceMinors, event.MaxSoakDevices}, {CheckMinors, 250}, {WindowMinors, 100}} {
		if _, err := c.of.Nth(c.want - 1); err != nil {
			t.Errorf("%d devices: %v", c.want, err)
		}
	}
	if 2*event.MaxSoakDevices > Disks {
		t.Errorf("a soak of %d devices has %d disks", event.MaxSoakDevices, Disks)
	}
}

func TestNth(t *testing.T) {
	r := Minors{"tests", 7, 9}
	for n, want := range []uint32{7, 8, 9} {
		if got, err := r.Nth(uint32(n)); got != want || err != nil {
			t.Errorf("number %d: %d, %v", n, got, err)
		}
	}
	if _, err := r.Nth(3); err == nil || !strings.Contains(err.Error(), "tests have used up their numbers, md7 to md9") {
		t.Errorf("number 3: %v", err)
	}
}

// TestPairs: the pair that nothing has touched is in nobody's list, and no check waits for
// the members of the mdadm loop's arrays.
func TestPairs(t *testing.T) {
	var spares []string
	for _, pair := range SparePairs() {
		spares = append(spares, pair...)
	}
	want := []string{"/dev/ram0", "/dev/ram1", "/dev/ram6", "/dev/ram7", "/dev/ram8", "/dev/ram9",
		"/dev/ram10", "/dev/ram11", "/dev/ram12", "/dev/ram13"}
	if !slices.Equal(spares, want) {
		t.Errorf("checks have %v, want %v", spares, want)
	}
	if got := Pair(UntouchedPair); !slices.Equal(got, []string{"/dev/ram14", "/dev/ram15"}) {
		t.Errorf("the untouched pair is %v", got)
	}
}
