// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"slices"

	"mdlife/vmtests/guest/array"
)

// scenario is something that happens to an array.
type scenario struct {
	name string                       // "stop-reshape"
	on   func(array.Personality) bool // which personalities it is for
	long bool                         // it takes longest, and must begin first
	last bool                         // an unpatched kernel may not survive it
	ends bool                         // the unpatched kernel of some base never does: after all others

	company array.Company // what is read and written beside it

	// lacking returns why this machine cannot run it, "" if it can; nil: any machine can.
	lacking func() string

	// run takes an array through it, and returns what it has seen, in one line.
	run func(*array.Array) (seen string, err error)
}

// scenarios are all that can happen to an array. A family or a scenario has a line here; the
// file of mdlife new case adds its scenario in an init function, until it gets one.
var scenarios = slices.Concat(
	lives,
	stops,
	failures, []scenario{slowMember, unreadable}, rebuilds, []scenario{reAdd, replacement, reshapeAround},
	faultyMembers,
	silents,
	growing, []scenario{growDegraded},
	externals, mdmons, readAutos,
	[]scenario{assembly},
	stacks,
	[]scenario{dmRaid, dmRaidSuspended},
	powerCuts, everyCut,
	reshapeReads, reshapeRetried, reshapeFrozen, reshapeOvertakes, reshapeLost, reshapeStops, reshapeHeld, reshapeUnreadable, []scenario{reshapeKnownBad}, reshapeReplacements,
	discards, flushes, []scenario{flushJournal, flushBefore, failfast, failedFlush, twoBad, manyBad}, failedSuperblocks, halves, loads, takeovers,
	resyncCuts, stales, writeOrders, journals, quiesces, []scenario{journalMissing, journalOnMirror, journalRead, readRecovery, moreLegs, blockedMember}, failfasts,
)

// rows makes scenarios of a family's rows.
func rows[R any](family []R, scenarioOf func(i int, row R) scenario) []scenario {
	var all []scenario
	for i, row := range family {
		all = append(all, scenarioOf(i, row))
	}
	return all
}

// testCase is a scenario on a personality.
type testCase struct {
	scenario
	name        string // "raid5/life-1.2"
	personality array.Personality
	turn        int // of its repetitions, from 0
}

// testCases returns all test cases, those of one personality after the other.
func testCases() []testCase {
	var all []testCase
	for _, p := range array.Personalities() {
		for _, s := range scenarios {
			if s.on(p) {
				all = append(all, testCase{scenario: s, name: p.Name + "/" + s.name, personality: p})
			}
		}
	}
	return all
}

// inOrder puts the test cases first that take longest: one that began when the queue is
// nearly empty would have the other workers wait. Those come last that may end the guest.
func inOrder(chosen []testCase) []testCase {
	rank := func(c testCase) int {
		switch {
		case c.long:
			return 0
		case c.ends:
			return 3
		case c.last:
			return 2
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(chosen), func(a, b testCase) int { return rank(a) - rank(b) })
}
