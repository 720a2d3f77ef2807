// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"fmt"

	"mdlife/tools/md"
)

// Minors is a range of md's minor numbers. What runs in one guest shares the numbers by
// these ranges: a device that one test could not get rid of, as happens on an unpatched
// kernel, must not be in the way of another test.
type Minors struct {
	user        string
	First, Last uint32
}

// Who has which minor numbers. From [md.FirstNamedMinor] on the kernel chooses them.
var (
	RaceMinors   = Minors{"races, mdadm loop, soak and benchmarks", 0, 49} // md0, and one a device
	ArrayMinors  = Minors{"arrays under test", 50, 81}                     // one a place, and one for an array on that
	MemberMinors = Minors{"arrays that are members", 82, 99}               // one a place
	CheckMinors  = Minors{"checks", 100, 399}                              // a new one whenever a check wants a fresh device
	WindowMinors = Minors{"windows", 400, 510}                             // likewise
	ReusedMinor  = Minors{"check that fails allocations", 511, 511}        // one number, over and over
	AbsentMinor  = Minors{"check of a number without a device", 900, 900}  // of those that no open makes a device for
)

// Nth returns number n of a range, counted from 0.
func (m Minors) Nth(n uint32) (uint32, error) {
	if n > m.Last-m.First {
		return 0, fmt.Errorf("%s have used up their numbers, md%d to md%d", m.user, m.First, m.Last)
	}
	return m.First + n, nil
}

// Name returns the name of the range's first device.
func (m Minors) Name() string { return md.Name(m.First) }

// Disks is how many disks brd has, 64 MiB each, unless the host asks for more
// (kernel/config/core.config).
const Disks = 16

// Disk returns the node of one of brd's disks, counted from 0.
func Disk(i int) string { return fmt.Sprintf("/dev/ram%d", i) }

// Pair returns two disks, the members of a raid1: pair 0 is ram0 and ram1.
func Pair(i int) []string { return []string{Disk(2 * i), Disk(2*i + 1)} }

// Who has which pairs of disks. A soak has all, one for each of its devices. Tests that
// come one after the other share pair 0.
const (
	SharedPair     = 0         // races, checks, windows, benchmarks
	LoopPairs      = 3         // pairs 0 to 2: the mdadm loop's arrays, several at once
	FirstSparePair = LoopPairs // pairs 3 to 6: for a check that comes after one whose array does not go
	UntouchedPair  = Disks/2 - 1
)

// SparePairs returns the members of checks: the shared pair, and those to go on with
// where an array that does not go holds it.
func SparePairs() [][]string {
	pairs := [][]string{Pair(SharedPair)}
	for i := FirstSparePair; i < UntouchedPair; i++ {
		pairs = append(pairs, Pair(i))
	}
	return pairs
}
