// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// storm begins and ends whatever md can do.
func storm(a *array.Array, n int) error {
	actions := []string{"check", "idle", "repair", "frozen", "check", "resync", "idle", "recover", "repair", "idle"}
	err := a.Set("sync_action", actions[n%len(actions)])
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EINVAL) { // something else is going on, or it is not to be had now
		err = nil
	}
	time.Sleep(time.Duration(a.Rand.IntN(20)) * time.Millisecond)
	return err
}

// awayAndBack has a member fail, and puts it back: as what it was, or, each other time, as a new one.
func awayAndBack(a *array.Array, n int) error {
	member := a.Members[n/2%a.Personality.Disks]
	back := func() error { return a.ReAdd(member) }
	if n%2 == 1 {
		back = func() error {
			return array.Steps(func() error { return array.Wipe(member) }, func() error { return a.Add(member) })
		}
	}
	return array.Steps(func() error { return a.TakeOut(member) }, back, a.Settle, a.CheckNotDegraded)
}

// moreAndFewer gives a mirror more legs, or fewer.
func moreAndFewer(a *array.Array, n int) error { return a.Set("raid_disks", []string{"3", "2"}[n%2]) }

// writeMostly has a leg be one that is written late and read as a last resort, or not.
func writeMostly(a *array.Array, n int) error {
	state := array.MemberDir(a.Members[1]) + "/state"
	changes := [][2]string{{state, "writemostly"}, {"bitmap/backlog", "256"}, {state, "-writemostly"}, {state, "writemostly"},
		{"bitmap/backlog", "0"}, {state, "-writemostly"}}
	c := changes[n%len(changes)]
	time.Sleep(20 * time.Millisecond)
	return a.Set(c[0], c[1])
}

// stripeCache changes how parity is worked on.
func stripeCache(a *array.Array, n int) error {
	changes := [][2]string{{"stripe_cache_size", "1024"}, {"group_thread_cnt", "2"}, {"stripe_cache_size", "64"}, {"group_thread_cnt", "0"},
		{"skip_copy", "1"}, {"stripe_cache_size", "256"}, {"skip_copy", "0"}}
	c := changes[n%len(changes)]
	time.Sleep(20 * time.Millisecond)
	return a.Set(c[0], c[1])
}

// Sizes of a mirror's members that change under load, in KiB: the smaller one is larger than the load.
const smallKiB, largeKiB = array.MemberKiB, 2 * array.MemberKiB

// mirrorSettings changes what a mirror writes late, its bitmap, its size and its members.
func mirrorSettings(a *array.Array, n int) error {
	leg := a.Members[1]
	state := array.MemberDir(leg) + "/state"
	grow := func(args ...string) func() error {
		return func() error {
			return array.RetryBusy(func() error { return a.RunMdadm(append([]string{"--grow", a.Dev()}, args...)...) })
		}
	}
	changes := []func() error{
		a.Setting(state, "writemostly"),
		a.Setting("bitmap/backlog", "256"),
		grow(fmt.Sprintf("--size=%d", largeKiB)),
		a.Setting("bitmap/backlog", "0"),
		grow("--bitmap=none"),
		grow("--bitmap=internal"),
		a.Setting("bitmap/backlog", "256"),
		func() error { return outAndBack(a, leg) },
		a.Setting(state, "-writemostly"),
		grow(fmt.Sprintf("--size=%d", smallKiB)),
	}
	time.Sleep(10 * time.Millisecond)
	return array.Steps(a.Settle, changes[n%len(changes)])
}

// outAndBack takes a member out, and adds it as a new one, without waiting for what that begins.
func outAndBack(a *array.Array, member string) error {
	return array.Steps(
		func() error { return a.TakeOut(member) },
		func() error { return array.Wipe(member) },
		func() error { return array.RetryBusy(func() error { return a.Add(member) }) },
	)
}

// sameAwayAndBack takes one and the same member out, and puts it back, also while it is rebuilt.
func sameAwayAndBack(a *array.Array, _ int) error {
	const each = 200 * time.Millisecond
	next := time.Now().Add(each)
	err := outAndBack(a, a.Members[1])
	time.Sleep(time.Until(next))
	return err
}

// stormAll does at random whatever can be done to an array of any level: what it does, where a sync
// begins and ends, how parity is worked on, and a member that fails some writes, or goes and comes back.
func stormAll(a *array.Array, n int) error {
	switch a.Rand.IntN(6) {
	case 0:
		return failSomeWrites(a)
	case 1:
		return array.Steps(a.MendGates, func() error { return isThere(a) }, func() error { return outAndBack(a, a.Members[1]) })
	case 2:
		return holdAtRandom(a)
	case 3:
		if a.Personality.Parity() {
			return stripeCache(a, a.Rand.IntN(100))
		}
	}
	return storm(a, n)
}

// failSomeWrites has the second member fail writes for a moment.
func failSomeWrites(a *array.Array) error {
	gate := a.Gates[1]
	err := gate.BreakWrites()
	time.Sleep(time.Duration(a.Rand.IntN(10)) * time.Millisecond)
	return errors.Join(err, gate.Mend())
}

// isThere puts the second member back if it has failed.
func isThere(a *array.Array) error {
	state, err := a.Attr(array.MemberDir(a.Members[1]) + "/state")
	if err == nil && state != "" && !strings.Contains(state, "faulty") {
		return nil
	}
	return array.Steps(
		a.RemoveFailed,
		func() error { return array.Wipe(a.Members[1]) },
		func() error { return array.RetryBusy(func() error { return a.Add(a.Members[1]) }) },
	)
}

// holdAtRandom has a sync wait for a moment at some place.
func holdAtRandom(a *array.Array) error {
	const most = 2 * array.MemberKiB
	err := a.Set("sync_max", strconv.Itoa(a.Rand.IntN(most/128)*128))
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EINVAL) { // it is past that place
		err = nil
	}
	time.Sleep(time.Duration(a.Rand.IntN(10)) * time.Millisecond)
	return errors.Join(err, a.LetGo())
}

// calm ends a storm.
func calm(a *array.Array) error {
	return array.Steps(a.MendGates, a.LetGo, a.Action("idle"), func() error { return isThere(a) })
}

// stormJournal changes how the journal and the stripes are worked with.
func stormJournal(a *array.Array, n int) error {
	changes := [][2]string{{"journal_mode", "write-back"}, {"stripe_cache_size", "1024"}, {"group_thread_cnt", "2"},
		{"journal_mode", "write-through"}, {"stripe_cache_size", "64"}, {"group_thread_cnt", "0"}}
	c := changes[n%len(changes)]
	time.Sleep(20 * time.Millisecond)
	if n%7 == 0 {
		return storm(a, n)
	}
	return a.Set(c[0], c[1])
}
