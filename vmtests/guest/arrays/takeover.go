// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"strings"

	"mdlife/vmtests/guest/array"
)

// takeovers have an array become another level at once, and go back, with data on it and a file
// system's kind of use: a write and an fsync after each step, which must not hang. An array without its
// parity, or without every second copy, can become a raid0, too.
var takeovers = rows([]takeover{
	{name: "takeover", from: "raid1", levels: "raid5 raid1 raid5 raid1"},
	{name: "takeover", from: "raid0", levels: "raid4 raid0 raid5 raid0 raid4 raid5"},
	{name: "takeover", from: "raid4", levels: "raid5 raid4 raid5"},
	{name: "takeover", from: "raid5", levels: "raid6 raid5 raid6 raid5"},
	{name: "takeover-raid0", from: "raid4", recipe: array.Recipe{Clean: true}, levels: "-2 raid0 raid4 raid0 raid5"},
	{name: "takeover-raid0", from: "raid5", recipe: parityLast, levels: "-2 raid0 raid5 raid0 raid4 raid5"},
	{name: "takeover-raid0", from: "raid6", recipe: parityLast, levels: "-3 raid5 -2 raid0 raid5 raid6"},
	{name: "takeover-raid0", from: "raid10-near", recipe: array.Recipe{Half: true}, levels: "raid0 raid10 raid0 raid5"},
}, func(_ int, t takeover) scenario {
	return scenario{name: t.name, run: t.run, company: t.company(), on: func(p array.Personality) bool { return p.Name == t.from }}
})

// parityLast is the recipe of an array that has its parity on its last members, and no data.
var parityLast = array.Recipe{Clean: true, More: []string{"--layout=parity-last"}}

// takeover is a row of levels.
type takeover struct {
	name, from string
	recipe     array.Recipe
	levels     string // in their order; "-2" has member 2 be lost first
}

// company returns what is done beside it. A request that is under way when an array becomes a raid0 may go
// to the wrong place before 7.2 (docs/found.md).
func (t takeover) company() array.Company {
	if t.name == "takeover-raid0" {
		return array.NoCompany
	}
	return array.ReadsAndWrites
}

func (t takeover) run(a *array.Array) (string, error) {
	recipe := t.recipe
	if len(recipe.More) == 0 && !recipe.Half {
		recipe = a.Personality.CleanIfRedundant()
	}
	steps := []func() error{
		a.Step("create", a.Create(recipe), a.Settle),
		a.Step("write", a.Write),
	}
	for i, level := range strings.Fields(t.levels) {
		var member int
		if n, _ := fmt.Sscanf(level, "-%d", &member); n == 1 {
			steps = append(steps, a.Step(fmt.Sprintf("step %d: lose member %d", i+1, member),
				func() error { return a.TakeOut(a.Members[member]) }, a.Verify))
			continue
		}
		steps = append(steps,
			a.Step(fmt.Sprintf("step %d: become %s", i+1, level), array.Timely(level+" > md/level", a.Setting("level", level)), a.Verify),
			a.Step(fmt.Sprintf("step %d: write to a %s", i+1, level), array.Timely("a write and an fsync", a.Write), a.Verify))
	}
	steps = append(steps, a.Step("stop", array.Timely("a stop", a.Stop(array.ByIoctl))))
	return t.from + " " + t.levels, array.Steps(steps...)
}
