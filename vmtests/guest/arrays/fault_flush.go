// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"os"
	"strings"

	"mdlife/vmtests/guest/array"
)

// failedFlush has a member with a volatile cache fail to flush it. What was written before is
// perhaps not on it: either fsync gets an error, or the array goes on without the member.
var failedFlush = scenario{name: "fault-flush", on: array.Personality.OwnMetadata, run: func(a *array.Array) (seen string, err error) {
	recipe := a.Personality.CleanIfRedundant()
	err = array.Steps(
		a.Step("make disks", func() error { return a.UseNullBlksAllWith(map[string]string{"cache_size": "4"}) }, a.UseGates),
		a.Step("create", a.Create(recipe)),
		// Else the superblocks are written when nothing was written for a while, and that fails, too.
		a.Step("write", a.StayActive, a.Write),
		a.Step("a flush fails", func() error { return a.Gates[1].BreakWrites() }, func() (err error) {
			seen, err = fsyncNotices(a)
			return err
		}),
		a.Step("stop", a.MendGates, a.Stop(array.ByIoctl)),
	)
	return seen, err
}}

// fsyncNotices has the array flushed, and returns who has noticed that a member failed to.
func fsyncNotices(a *array.Array) (string, error) {
	f, err := os.OpenFile(a.Dev(), os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if f.Sync() != nil {
		return "fsync gets an error", nil
	}
	member := array.MemberDir(a.Members[1])
	state, err := a.Attr(member + "/state")
	if err == nil && !strings.Contains(state, "faulty") {
		err = fmt.Errorf("a flush of %s has failed, but fsync returns 0, and md/%s/state is %q", a.Members[1], member, state)
	}
	return "the member is failed", err
}
