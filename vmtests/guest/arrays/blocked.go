// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"slices"

	"mdlife/vmtests/guest/array"
)

// blockedMember has each member be blocked, as who keeps the metadata does until they say that the member has
// failed: a write that it has a part in must wait, whichever member it is.
var blockedMember = scenario{name: "blocked-member", on: hasBlocks, company: array.NoCompany, run: func(a *array.Array) (string, error) {
	return fmt.Sprintf("writes waited for each of %d members", len(a.First())), array.Steps(
		a.Step("create", a.Create(array.Recipe{Clean: true}), a.StayActive, a.Write),
		a.Unwatched(a.Step("write while a member is blocked", func() error { return blockEach(a) })),
		a.Step("read all", a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}}

// hasBlocks reports whether members of a personality can be told apart by what is on them, and be blocked.
func hasBlocks(p array.Personality) bool { return p.Redundant() && p.OwnMetadata() }

// blockEach has a write come while a member is blocked, for each of them.
func blockEach(a *array.Array) error {
	places, err := a.Data.Places(a.First())
	if err != nil {
		return err
	}
	for i, member := range a.First() {
		// Of raid4, one has parity only: each write has a part in it.
		if err := writeWhileMemberBlocked(a, member, blockOn(places, i)); err != nil {
			return fmt.Errorf("member %d: %w", i, err)
		}
	}
	return nil
}

// blockOn returns a block of the pattern that a member has, 0 if it has none.
func blockOn(places map[uint64][]array.Place, member int) uint64 {
	for block, all := range places {
		if slices.ContainsFunc(all, func(p array.Place) bool { return p.Member == member }) {
			return block
		}
	}
	return 0
}

// writeWhileMemberBlocked has a write come while a member is blocked, and lets it go on.
func writeWhileMemberBlocked(a *array.Array, member string, block uint64) error {
	state := array.MemberDir(member) + "/state"
	if err := a.Set(state, "blocked"); err != nil {
		return err
	}
	write := a.RewriteBlocks(block)
	err := a.AllWait(write)
	if err := errors.Join(err, a.Set(state, "-blocked")); err != nil {
		return err
	}
	return write.End()
}
