// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/guest/array"
)

// takeovers have an array become another level at once, and go back, with data on it and a file
// system's kind of use: a write and an fsync after each step, which must not hang.
var takeovers = rows([]takeover{
	{from: "raid1", levels: []string{"raid5", "raid1", "raid5", "raid1"}},
	{from: "raid0", levels: []string{"raid4", "raid0", "raid5", "raid0", "raid4", "raid5"}},
	{from: "raid4", levels: []string{"raid5", "raid4", "raid5"}},
	{from: "raid5", levels: []string{"raid6", "raid5", "raid6", "raid5"}},
}, func(_ int, t takeover) scenario {
	return scenario{name: "takeover", run: t.run, on: func(p array.Personality) bool { return p.Name == t.from }}
})

// takeover is a row of levels.
type takeover struct {
	from   string
	levels []string
}

func (t takeover) run(a *array.Array) (string, error) {
	steps := []func() error{
		a.Step("create", a.Create(a.Personality.CleanIfRedundant())),
		a.Step("write", a.Write),
	}
	for i, level := range t.levels {
		steps = append(steps,
			a.Step(fmt.Sprintf("step %d: become %s", i+1, level), array.Timely(level+" > md/level", a.Setting("level", level)), a.Verify),
			a.Step(fmt.Sprintf("step %d: write to a %s", i+1, level), array.Timely("a write and an fsync", a.Write), a.Verify))
	}
	steps = append(steps, a.Step("stop", array.Timely("a stop", a.Stop(array.ByIoctl))))
	return strings.Join(slices.Concat([]string{t.from}, t.levels), ", "), array.Steps(steps...)
}
