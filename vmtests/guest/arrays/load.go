// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"time"

	"mdlife/vmtests/guest/array"
)

// loads are verified reads and writes while an array is changed in some way, over and over. No I/O may
// fail where redundancy is enough, each block must be right all the while, and in the end the members
// must agree.
var loads = rows([]loadRow{
	{name: "load-skip-copy", on: array.Named("raid6"), begin: loseTwo, set: [][2]string{{"skip_copy", "1"}, {"group_thread_cnt", "2"}}},
	{name: "load-serialize", on: array.Named("raid1"), set: [][2]string{{"serialize_policy", "1"}}},
	{name: "load-storm", on: array.Personality.Redundant, recipe: array.Recipe{Bitmap: true}, change: storm, end: [2]string{"sync_action", "idle"}},
	{name: "load-members", on: array.Personality.Redundant, recipe: array.Recipe{Bitmap: true}, change: awayAndBack},
	{name: "load-disks", on: array.Named("raid1"), change: moreAndFewer, end: [2]string{"raid_disks", "2"}},
	{name: "load-write-mostly", on: array.Named("raid1"), recipe: array.Recipe{Bitmap: true}, change: writeMostly},
	{name: "load-stripes", on: array.Personality.Parity, change: stripeCache},
	{name: "load-mirror", on: array.Named("raid1"), recipe: array.Recipe{Bitmap: true, KiB: smallKiB}, change: mirrorSettings},
	{name: "load-serialize-members", on: array.Named("raid1"), set: [][2]string{{"serialize_policy", "1"}}, change: sameAwayAndBack},
	{name: "load-serialize-members-3", on: array.Named("raid1"), legs: 3, set: [][2]string{{"serialize_policy", "1"}}, change: sameAwayAndBack},
	{name: "load-storm-all", on: array.Personality.Redundant, recipe: array.Recipe{Bitmap: true}, gates: true, change: stormAll, finish: calm},
	{name: "load-storm-journal", on: array.Personality.Parity, recipe: array.Recipe{More: []string{array.JournalArg}}, change: stormJournal,
		end: [2]string{"journal_mode", "write-through"}},
}, func(_ int, l loadRow) scenario {
	return scenario{name: l.name, on: l.on, company: array.NoCompany, run: l.run}
})

// loadRow is what happens to an array under load.
type loadRow struct {
	name   string
	on     func(array.Personality) bool
	legs   int // of a mirror, 0 for as many as always
	gates  bool
	recipe array.Recipe
	begin  func(*array.Array) error      // before the load; may be nil
	set    [][2]string                   // attributes, before the load
	change func(*array.Array, int) error // the n-th change; may be nil
	end    [2]string                     // an attribute, after the load
	finish func(*array.Array) error      // after the load; may be nil
}

// loadTime is how long a load lasts, and loadBlocks on how many blocks.
const (
	loadTime   = 3 * time.Second
	loadBlocks = 512
)

func (l loadRow) run(a *array.Array) (seen string, err error) {
	var load *array.Load
	steps := []func() error{a.Step("create", func() error { return l.create(a) }, a.Settle)}
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
	if err := l.endChanges(a); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d reads and writes", ops), array.Steps(
		a.Step("settle", a.Settle, func() error { return l.agree(a) }),
		a.Step("write all", a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// create makes the array.
func (l loadRow) create(a *array.Array) error {
	if l.legs > 0 {
		a.Personality.Disks = l.legs
	}
	if l.gates {
		if err := a.UseGates(); err != nil {
			return err
		}
	}
	return a.Create(l.recipe)()
}

// endChanges ends what the changes may have left.
func (l loadRow) endChanges(a *array.Array) error {
	if l.end[0] != "" {
		if err := a.Set(l.end[0], l.end[1]); err != nil {
			return err
		}
	}
	if l.finish != nil {
		return l.finish(a)
	}
	return nil
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
