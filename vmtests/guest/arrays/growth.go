// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"mdlife/tools/md"
)

// growth is a way for an array to become larger, safer, or another one, beside that of
// lives: with another member of the same level.
type growth struct {
	name    string
	level   string     // the row that begins so
	of      int        // members at first, 0 for as many as usual
	steps   [][]string // of mdadm; see words
	becomes string     // md/level in the end, "" for the same
	disks   int        // members in the end
	larger  bool
}

// growths are the rows. What is not there does not exist: mdadm 4.2 grows raid10 of
// layout far by no member, faulty and multipath by none at all.
var growths = []growth{
	{name: "grow-add", level: "linear", disks: 4, larger: true,
		steps: [][]string{{"--grow", "DEV", "--add", "NEXT"}}},
	{name: "grow-disks", level: "raid0", disks: 4, larger: true,
		steps: [][]string{{"--grow", "DEV", "--raid-devices=4", "--add", "NEXT"}}},
	{name: "grow-and-back", level: "raid1", disks: 2, steps: [][]string{
		{"DEV", "--add", "NEXT"}, {"--grow", "DEV", "--raid-devices=3"},
		{"DEV", "--fail", "NEXT"}, {"DEV", "--remove", "NEXT"}, {"--grow", "DEV", "--raid-devices=2"}}},
	{name: "grow-raid5", level: "raid1", becomes: "raid5", disks: 3, larger: true, steps: [][]string{
		{"--grow", "DEV", "--level=5"}, {"DEV", "--add", "NEXT"}, {"--grow", "DEV", "--raid-devices=3", "BACKUP"}}},
	{name: "grow-raid6", level: "raid5", becomes: "raid6", disks: 4, steps: [][]string{
		{"DEV", "--add", "NEXT"}, {"--grow", "DEV", "--level=6", "--raid-devices=4", "BACKUP"}}},
	{name: "grow-raid5", level: "raid4", becomes: "raid5", disks: 3, steps: [][]string{
		{"--grow", "DEV", "--level=5", "--layout=left-symmetric", "BACKUP"}}},
	{name: "shrink-raid5", level: "raid6", becomes: "raid5", disks: 3, steps: [][]string{
		{"--grow", "DEV", "--level=5", "--raid-devices=3", "BACKUP"}}},
	{name: "grow-raid10", level: "raid0", of: 2, becomes: "raid10", disks: 4, steps: [][]string{
		{"--grow", "DEV", "--level=10", "--raid-devices=4", "--add", "NEXT", "AFTER"}}},
}

// grown are cells of such growth.
func grown(l level) []cell {
	var all []cell
	for _, g := range growths {
		if g.level == l.name {
			all = append(all, cell{name: l.name + "/" + g.name, level: l, run: g.run})
		}
	}
	return all
}

// run has the array grow, with data on it, and looks at it before and after a stop.
func (g growth) run(ctx context.Context, r *rig) (string, error) {
	if g.of > 0 {
		r.level.members = g.of
	}
	r.does("create")
	if err := errors.Join(r.make(ctx, recipe{metadata: r.level.usual()}), r.settle(ctx)); err != nil {
		return "", err
	}
	var p pattern
	r.does("write")
	if err := p.write(r.dev()); err != nil {
		return "", err
	}
	backup := "/tmp/backup-" + r.kernelName()
	defer os.Remove(backup)
	pairs := []string{"DEV", r.dev(), "BACKUP", "--backup-file=" + backup}
	for i, m := range r.members[r.level.members:] { // that the array does not have yet
		pairs = append(pairs, []string{"NEXT", "AFTER", "LATER"}[i], m)
	}
	words := strings.NewReplacer(pairs...)
	for _, step := range g.steps {
		r.does("mdadm %s", strings.Join(step, " "))
		var args []string
		for _, word := range step {
			args = append(args, words.Replace(word))
		}
		if err := errors.Join(r.mdadm(ctx, args...), r.settle(ctx)); err != nil {
			return "", err
		}
	}
	r.does("verify")
	if err := errors.Join(g.arrived(r), p.verify(r.dev())); err != nil {
		return "", err
	}
	return "", g.again(ctx, r, p)
}

// arrived waits until the array is what it shall become: mdadm goes on in the background
// and changes the level back or forth when a reshape has ended. The new level shows a
// moment before I/O goes on. Before 7.2, what comes in that moment to an array that becomes
// a raid0 goes to the wrong place (docs/found.md; seen on 6.12).
func (g growth) arrived(r *rig) error {
	want := fmt.Sprintf("%s of %d", orElse(g.becomes, r.level.level), g.disks)
	var got string
	for deadline := time.Now().Add(goneLimit); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		level, _ := md.ReadAttr(r.kernelName(), "md/level")
		disks, _ := md.ReadAttr(r.kernelName(), "md/raid_disks")
		if got = level + " of " + disks; got == want {
			return r.set("array_size", "default") // after the change: it takes the same lock
		}
	}
	return fmt.Errorf("it is a %s, and not a %s", got, want)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// again writes to all there is now, stops the array, assembles and verifies it.
func (g growth) again(ctx context.Context, r *rig, p pattern) error {
	before := p.size
	r.does("write more")
	if err := errors.Join(p.write(r.dev()), p.verify(r.dev())); err != nil {
		return err
	}
	if larger := p.size > before; larger != g.larger {
		return fmt.Errorf("%d bytes have become %d", before, p.size)
	}
	r.does("stop and assemble")
	members := r.members[:g.disks]
	if err := errors.Join(r.halt(ctx, stopWays[1]), r.assemble(ctx, members), g.arrived(r), p.verify(r.dev())); err != nil {
		return err
	}
	r.does("stop")
	return r.halt(ctx, stopWays[0])
}
