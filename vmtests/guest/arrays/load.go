// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// loads are verified reads and writes while an array is changed in some way, over and over. No I/O may
// fail where redundancy is enough, each block must be right all the while, and in the end the members
// must agree.
var loads = rows([]loadRow{
	{name: "load-skip-copy", on: isRaid6, begin: loseTwo, set: [][2]string{{"skip_copy", "1"}, {"group_thread_cnt", "2"}}},
	{name: "load-serialize", on: isRaid1, set: [][2]string{{"serialize_policy", "1"}}},
	{name: "load-storm", on: array.Personality.Redundant, recipe: array.Recipe{Bitmap: true}, change: storm, end: [2]string{"sync_action", "idle"}},
	{name: "load-members", on: array.Personality.Redundant, recipe: array.Recipe{Bitmap: true}, change: awayAndBack},
	{name: "load-disks", on: isRaid1, change: moreAndFewer, end: [2]string{"raid_disks", "2"}},
	{name: "load-write-mostly", on: isRaid1, recipe: array.Recipe{Bitmap: true}, change: writeMostly},
	{name: "load-stripes", on: array.Personality.Parity, change: stripeCache},
}, func(_ int, l loadRow) scenario {
	return scenario{name: l.name, on: l.on, company: array.NoCompany, run: l.run}
})

// loadRow is what happens to an array under load.
type loadRow struct {
	name   string
	on     func(array.Personality) bool
	recipe array.Recipe
	begin  func(*array.Array) error      // before the load; may be nil
	set    [][2]string                   // attributes, before the load
	change func(*array.Array, int) error // the n-th change; may be nil
	end    [2]string                     // an attribute, after the load
}

// loadTime is how long a load lasts, and loadBlocks on how many blocks.
const (
	loadTime   = 3 * time.Second
	loadBlocks = 512
)

func isRaid1(p array.Personality) bool { return p.Name == "raid1" }
func isRaid6(p array.Personality) bool { return p.Name == "raid6" }

func (l loadRow) run(a *array.Array) (seen string, err error) {
	var load *array.Load
	steps := []func() error{a.Step("create", a.Create(l.recipe), a.Settle)}
	if l.begin != nil {
		steps = append(steps, a.Step("begin", func() error { return l.begin(a) }))
	}
	for _, s := range l.set {
		steps = append(steps, a.Setting(s[0], s[1]))
	}
	steps = append(steps,
		func() error {
			load = a.StartLoad(loadBlocks)
			return nil
		},
		a.Step("change it under load", func() error { return l.keepChanging(a) }),
	)
	err = array.Steps(steps...)
	if load == nil {
		return "", err
	}
	ops, wrong := load.End()
	if err = errors.Join(wrong, err); err != nil {
		return "", err
	}
	if l.end[0] != "" {
		err = a.Set(l.end[0], l.end[1])
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d reads and writes", ops), array.Steps(
		a.Step("settle", a.Settle, func() error { return l.agree(a) }),
		a.Step("write all", a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// keepChanging changes the array for as long as the load is to last.
func (l loadRow) keepChanging(a *array.Array) error {
	n := 0
	for begin := time.Now(); time.Since(begin) < loadTime; n++ {
		if l.change == nil {
			time.Sleep(loadTime)
			continue
		}
		if err := l.change(a, n); err != nil {
			return fmt.Errorf("change %d: %w", n+1, err)
		}
	}
	return nil
}

// agree fails unless all members are there and agree, which were there at first.
func (l loadRow) agree(a *array.Array) error {
	if l.begin != nil { // it has lost some
		return nil
	}
	return array.Steps(a.CheckNotDegraded, a.CheckMembersAgree)
}

// loseTwo loses two members.
func loseTwo(a *array.Array) error { return a.Fail(a.Members[:2]...) }

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
