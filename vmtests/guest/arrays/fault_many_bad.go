// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"

	"mdlife/vmtests/guest/array"
)

// manyBad rebuilds a member from one that cannot read more places than md has room to write down
// (512 of each member). Whatever it does about the rest: a block is right, or gets an error.
var manyBad = scenario{name: "fault-many-bad", on: isFirstMirror, company: array.MayFail, run: func(a *array.Array) (seen string, err error) {
	var source *array.Mapped
	from := a.Personality.Disks - 2 // it has what the last one must get
	recipe := array.Recipe{Clean: true, Missing: true, KiB: 8 << 10, More: []string{array.DataOffset}}
	err = array.Steps(
		a.Step("make disks", func() (err error) {
			source, err = a.UseDustBefore(from, array.BlockSize)
			return err
		}),
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.BeOwn, a.Write),
		a.Step("lose blocks", func() error { return loseEverySecond(source) }),
		a.Step("rebuild", func() error { return a.Add(a.Members[from+1]) },
			func() error { return a.WaitForRest(array.SettleTime) }), // it may be given up
		a.Step("read all", func() (err error) {
			seen, err = rightOrError(a)
			return err
		}),
		a.Step("stop and assemble", a.Stop(array.ByIoctl), a.AssembleFirst, func() error {
			_, err := rightOrError(a)
			return err
		}),
		a.Step("stop again", a.Stop(array.ByMdadm)),
	)
	return seen, err
}}

// isFirstMirror reports whether the last member has the same as the one before it.
func isFirstMirror(p array.Personality) bool { return p.Name == "raid1" || p.Name == "raid10-near" }

// loseEverySecond has every second block of the member's data not be readable, 1,024 of them.
func loseEverySecond(m *array.Mapped) error {
	const perBlock, many = array.BlockSize / 512, 1024
	for i := range many {
		at := array.BadFirst + 2*i*perBlock
		if err := m.Dust(at, at+perBlock); err != nil {
			return err
		}
	}
	return nil
}

// rightOrError fails if a block is anything but right, or gets another error than that it cannot be read.
func rightOrError(a *array.Array) (string, error) {
	lost, err := a.Data.Unreadable(a.Dev())
	return fmt.Sprintf("%d blocks get an error", len(lost)), err
}
