// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/guest/array"
)

// lives are the whole lives of an array, with each kind of metadata, and with a bitmap.
var lives = lifeScenarios()

func lifeScenarios() (all []scenario) {
	for _, metadata := range []string{"0.90", "1.0", "1.1", "1.2"} {
		for _, bitmap := range []bool{false, true} {
			l := life{metadata: metadata, bitmap: bitmap}
			all = append(all, scenario{name: l.name(), on: l.fits, run: l.run})
		}
	}
	return all
}

// life is one way to make an array.
type life struct {
	metadata string
	bitmap   bool
}

func (l life) name() string {
	if l.bitmap {
		return "life-" + l.metadata + "-bitmap"
	}
	return "life-" + l.metadata
}

// fits reports whether a personality takes this metadata, and a bitmap if there is one.
func (l life) fits(p array.Personality) bool {
	return slices.Contains(p.Metadata(), l.metadata) && (!l.bitmap || p.Redundant())
}

// run takes an array through its life.
func (l life) run(a *array.Array) (string, error) {
	if l.isNamed() {
		a.MakeByName(strings.NewReplacer(".", "", "-", "").Replace(fmt.Sprintf("%s%sx", a.Personality.Name, l.metadata)))
	}
	way := array.StopWay(slices.Index(a.Personality.Metadata(), l.metadata))
	return "lived", array.Steps(
		a.Step("create", a.Create(array.Recipe{Metadata: l.metadata, Bitmap: l.bitmap}), a.Settle),
		a.Step("write and verify", a.Write, a.Verify),
		a.Step("lose members", a.LoseMembers),
		a.Step("put them back", func() error { return a.PutBack(l.bitmap) }),
		a.Step("replace a member", func() error { return l.replace(a) }),
		a.Step("check", a.CheckMembersAgree),
		a.Step("grow", func() error { return l.grow(a) }),
		a.Step("stop", a.Stop(way)),
		a.Step("assemble", func() error { return a.Assemble(l.members(a)) }, a.CheckNotDegraded, a.Verify, a.Settle),
		a.Step("stop again", a.Stop(way)),
	)
}

// isNamed reports whether the array is made by name: one with and one without a bitmap; 0.90
// has no room for a name.
func (l life) isNamed() bool { return l.metadata != "0.90" && l.bitmap == (l.metadata == "1.2") }

// replace puts another member in the place of one that works.
func (l life) replace(a *array.Array) error {
	if !a.Personality.Redundant() || l.metadata == "0.90" { // which has no room for it
		return nil
	}
	old, spare := a.Members[0], a.Spare()
	if err := a.Replace(old, spare); err != nil {
		return err
	}
	a.Members[0], a.Members[a.Personality.Disks] = spare, old
	return array.Steps(func() error { return array.Wipe(old) }, a.CheckNotDegraded, a.Verify)
}

// grow adds a member, if the array can have one.
func (l life) grow(a *array.Array) error {
	if !a.Personality.Grows(l.metadata) {
		return nil
	}
	return a.GrowByOne()
}

// members returns those of the array in the end.
func (l life) members(a *array.Array) []string {
	n := a.Personality.Disks
	if a.Personality.Grows(l.metadata) {
		n++
	}
	return a.Members[:n]
}
