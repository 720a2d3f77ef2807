// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"maps"
	"slices"

	"mdlife/vmtests/guest/array"
)

// blockedMember has each member be blocked, as who keeps the metadata does until they say that the member has
// failed: a write that it has a part in must wait, whichever member it is.
var blockedMember = scenario{name: "blocked-member", on: array.Personality.RedundantOnOwnDisks, company: array.NoCompany, run: func(a *array.Array) (string, error) {
	return fmt.Sprintf("writes waited for each of %d members", len(a.First())), array.Steps(
		a.Step("create", a.Create(array.Recipe{Clean: true}), a.StayActive, a.Write),
		a.Unwatched(a.Step("write while a member is blocked", func() error { return blockEach(a) })),
		a.Step("read all", a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}}

// blockEach has a write come while a member is blocked, for each of them.
func blockEach(a *array.Array) error {
	places, err := a.Data.Places(a.First())
	if err != nil {
		return err
	}
	for i, member := range a.First() {
		none := func() error { return nil }
		if err := a.WriteWhileBlocked([]string{member}, []uint64{blockOn(places, i)}, none); err != nil {
			return fmt.Errorf("member %d: %w", i, err)
		}
	}
	return nil
}

// blockOn returns the first block of the pattern that a member has. If it has none, as raid4's parity, each write has a
// part in it: then it is the first block of all.
func blockOn(places map[uint64][]array.Place, member int) uint64 {
	for _, block := range slices.Sorted(maps.Keys(places)) {
		if slices.ContainsFunc(places[block], func(p array.Place) bool { return p.Member == member }) {
			return block
		}
	}
	return 0
}
