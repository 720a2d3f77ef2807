// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"slices"
	"strings"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
)

// moment is when an array is stopped: what it is doing, or what state it is in.
type moment struct {
	name   string
	on     func(array.Personality) bool
	recipe array.Recipe
	begin  func(*array.Array) error    // brings the array there
	action string                      // that md/sync_action then shows, "" for none in particular
	with   func(*array.Array) []string // the members to assemble it of afterwards, nil for the first
	after  func(*array.Array) error    // looks when all is in sync again; may be nil
}

// moments are when arrays are stopped.
var moments = []moment{
	{name: "resync", on: array.Personality.Redundant, recipe: array.Recipe{ReadOnly: true}, begin: slowly(readWrite), action: "resync"},
	{name: "recovery", on: array.Personality.Redundant, recipe: array.Recipe{Clean: true}, begin: slowly((*array.Array).BeginRebuild),
		action: "recover", after: (*array.Array).CheckRebuilt},
	{name: "recovery-first", on: array.Personality.Redundant, recipe: array.Recipe{Clean: true}, begin: rebuildToFirstSector,
		action: "recover", after: (*array.Array).CheckRebuilt},
	{name: "check", on: array.Personality.Redundant, recipe: array.Recipe{Clean: true},
		begin: slowly(func(a *array.Array) error { return a.Action("check")() }), action: "check"},
	{name: "reshape", on: array.Personality.Reshapes, recipe: array.Recipe{Clean: true}, begin: slowly((*array.Array).BeginReshape),
		action: "reshape", with: func(a *array.Array) []string { return a.Members[:a.Personality.Disks+1] }},
	{name: "bitmap", on: array.Personality.Redundant, recipe: array.Recipe{Clean: true, Bitmap: true}, begin: (*array.Array).LeaveDirty},
	{name: "journal", on: array.Personality.Parity, recipe: array.Recipe{More: []string{array.JournalArg}}, begin: (*array.Array).LeaveDirty,
		with: func(a *array.Array) []string { return append(slices.Clone(a.First()), a.Journal()) }},
	{name: "ppl", on: array.Personality.IsRaid5, recipe: array.Recipe{Clean: true, More: []string{array.PPLArg}}, begin: (*array.Array).LeaveDirty},
	{name: "dirty", on: array.Personality.Any, begin: (*array.Array).LeaveDirty},
	{name: "read-only", on: array.Personality.Any, begin: (*array.Array).MakeReadOnly},
	{name: "read-auto", on: array.Personality.Any, begin: readAuto},
	{name: "degraded", on: array.Personality.Redundant, recipe: array.Recipe{Clean: true},
		begin: func(a *array.Array) error { return array.Steps(a.FailMember(0), a.Write) },
		with:  func(a *array.Array) []string { return a.First()[1:] }},
	{name: "missing", on: array.Personality.Redundant, recipe: array.Recipe{Missing: true, Clean: true},
		begin: func(*array.Array) error { return nil },
		with:  func(a *array.Array) []string { return a.Members[:a.Personality.Disks-1] }},
}

// stops stop an array at such a moment.
var stops = rows(moments, func(i int, m moment) scenario {
	return scenario{name: "stop-" + m.name, on: m.on, run: func(a *array.Array) (string, error) {
		return m.run(a, array.StopWay(i+len(a.Personality.Name)))
	}}
})

// run makes an array, writes, brings it to the moment, stops it, sees it go,
// assembles it again, and verifies.
func (m moment) run(a *array.Array, way string) (string, error) {
	steps := []func() error{a.Step("create", a.Create(m.recipe))}
	if !m.recipe.ReadOnly {
		steps = append(steps, a.Step("write", a.Settle, a.Write))
	}
	steps = append(steps, a.Step("come to "+m.name, func() error { return m.begin(a) }))
	if m.action != "" {
		steps = append(steps, a.CheckAction(m.action))
	}
	steps = append(steps,
		a.Step("stop by "+way, a.Stop(way)),
		a.Step("assemble", func() error { return a.Assemble(m.members(a)) }, a.Verify),
		a.Step("settle", a.ResetSyncSpeed, a.Settle, a.Verify))
	if m.after != nil {
		steps = append(steps, a.Step("look once more", func() error { return m.after(a) }))
	}
	steps = append(steps, a.Step("stop again", a.Stop(array.ByMdadm)))
	return "stopped by " + way, array.Steps(steps...)
}

// members returns those that the array is assembled of.
func (m moment) members(a *array.Array) []string {
	if m.with == nil {
		return a.First()
	}
	return m.with(a)
}

// slowly has what f begins go on for longer than the test case takes.
func slowly(f func(*array.Array) error) func(*array.Array) error {
	return func(a *array.Array) error { return array.Steps(a.SlowSync, func() error { return f(a) }) }
}

// readWrite lets an array begin that was made read-only.
func readWrite(a *array.Array) error { return array.Steps(a.MakeReadWrite, a.Write) }

// rebuildToFirstSector has a rebuild come to where it would begin with the first sector, and
// no further.
func rebuildToFirstSector(a *array.Array) error {
	return array.Steps(
		a.Setting("sync_max", "0"),
		a.BeginRebuild,
		func() error { // curr_resync is set
			return a.WaitForAttr("sync_speed", func(speed string) bool { return speed != "none" })
		},
		func() error {
			return a.WaitForAttr("sync_completed", func(done string) bool { return strings.HasPrefix(done, "0 / ") })
		})
}

// readAuto has an array that is read-only until somebody writes to it.
func readAuto(a *array.Array) error { return array.Steps(a.MakeReadOnly, a.SetState(md.StateReadAuto)) }
