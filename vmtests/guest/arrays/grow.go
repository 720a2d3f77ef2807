// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"mdlife/vmtests/guest/array"
)

// growth is a way for an array to become larger, safer, or another one, beside that of
// lives: with another member of the same level.
type growth struct {
	name    string
	from    string     // the personality that begins so
	of      int        // members at first, 0 for as many as usual
	steps   [][]string // of mdadm; see words
	becomes string     // md/level in the end, "" for the same
	disks   int        // members in the end
	larger  bool
}

// growths are the rows. Those that are missing do not exist: mdadm 4.2 grows raid10 of
// layout far by no member, faulty and multipath by none at all.
var growths = []growth{
	{name: "grow-add", from: "linear", disks: 4, larger: true,
		steps: [][]string{{"--grow", "DEV", "--add", "NEXT"}}},
	{name: "grow-disks", from: "raid0", disks: 4, larger: true,
		steps: [][]string{{"--grow", "DEV", "--raid-devices=4", "--add", "NEXT"}}},
	{name: "grow-two", from: "raid4", disks: 5, larger: true, steps: byTwo},
	{name: "grow-two", from: "raid5", disks: 5, larger: true, steps: byTwo},
	{name: "grow-and-back", from: "raid1", disks: 2, steps: [][]string{
		{"DEV", "--add", "NEXT"}, {"--grow", "DEV", "--raid-devices=3"},
		{"DEV", "--fail", "NEXT"}, {"DEV", "--remove", "NEXT"}, {"--grow", "DEV", "--raid-devices=2"}}},
	{name: "grow-raid5", from: "raid1", becomes: "raid5", disks: 3, larger: true, steps: [][]string{
		{"--grow", "DEV", "--level=5"}, {"DEV", "--add", "NEXT"}, {"--grow", "DEV", "--raid-devices=3", "BACKUP"}}},
	{name: "grow-raid6", from: "raid5", becomes: "raid6", disks: 4, steps: [][]string{
		{"DEV", "--add", "NEXT"}, {"--grow", "DEV", "--level=6", "--raid-devices=4", "BACKUP"}}},
	{name: "grow-raid5", from: "raid4", becomes: "raid5", disks: 3, steps: [][]string{
		{"--grow", "DEV", "--level=5", "--layout=left-symmetric", "BACKUP"}}},
	{name: "shrink-raid5", from: "raid6", becomes: "raid5", disks: 3, steps: [][]string{
		{"--grow", "DEV", "--level=5", "--raid-devices=3", "BACKUP"}}},
	{name: "grow-raid10", from: "raid0", of: 2, becomes: "raid10", disks: 4, steps: [][]string{
		{"--grow", "DEV", "--level=10", "--raid-devices=4", "--add", "NEXT", "AFTER"}}},
}

// byTwo are the steps by which an array of three members grows by more than it can lack.
var byTwo = [][]string{{"DEV", "--add", "NEXT", "AFTER"}, {"--grow", "DEV", "--raid-devices=5", "BACKUP"}}

// growing has an array grow.
var growing = rows(growths, func(_ int, g growth) scenario {
	return scenario{name: g.name, run: g.run, on: func(p array.Personality) bool { return p.Name == g.from }}
})

// run has the array grow, with data on it, and looks at it before and after a stop.
func (g growth) run(a *array.Array) (string, error) {
	if g.of > 0 {
		a.Personality.Disks = g.of
	}
	steps := []func() error{a.Step("create", a.Create(array.Recipe{}), a.Settle), a.Step("write", a.Write)}
	for _, args := range g.steps {
		steps = append(steps, a.Step("mdadm "+strings.Join(args, " "), func() error { return a.RunMdadm(words(a, args)...) }, a.Settle))
	}
	steps = append(steps, a.Step("verify", func() error { return g.waitForEnd(a) }, a.Verify), func() error { return g.again(a) })
	defer os.Remove(a.Backup())
	return "", array.Steps(steps...)
}

// words puts the array's names in the place of words in a step: its device, the disks that it
// does not have yet, and mdadm's backup file.
func words(a *array.Array, step []string) []string {
	names := map[string]string{"DEV": a.Dev(), "BACKUP": "--backup-file=" + a.Backup()}
	for i, m := range a.Members[a.Personality.Disks:] {
		names[[]string{"NEXT", "AFTER", "LATER"}[i]] = m
	}
	var args []string
	for _, word := range step {
		args = append(args, cmp.Or(names[word], word))
	}
	return args
}

// waitForEnd waits until the array is what it must become.
func (g growth) waitForEnd(a *array.Array) error {
	return a.WaitForLevel(cmp.Or(g.becomes, a.Personality.MdadmLevel), g.disks)
}

// again writes to all there is now, stops the array, assembles and verifies it.
func (g growth) again(a *array.Array) error {
	before := a.Data.Size
	return array.Steps(
		a.Step("write more", a.Write, a.Verify, func() error { return g.checkSize(before, a.Data.Size) }),
		a.Step("stop and assemble", a.Stop(array.ByIoctl), func() error { return a.Assemble(a.Members[:g.disks]) },
			func() error { return g.waitForEnd(a) }, a.Verify),
		a.Step("stop", a.Stop(array.ByMdadm)),
	)
}

// checkSize fails unless the array has become larger, or has not, as it must.
func (g growth) checkSize(before, now int64) error {
	if larger := now > before; larger != g.larger {
		return fmt.Errorf("%d bytes have become %d", before, now)
	}
	return nil
}
