// SPDX-License-Identifier: BSD-3-Clause

// Package arrays has the real client, Debian's mdadm, lead arrays of every
// personality through what can happen to one, with openers beside it that look at
// each device all the time. A subject (what happens) is a file, a personality is a
// row in levels.go, and a cell is one with the other: "raid5/life-1.2".
package arrays

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/mdadm"
)

// cell is a subject on a personality. run returns what it has seen, in one line,
// or an error that says what it has seen instead.
type cell struct {
	name  string
	level level
	run   func(context.Context, *rig) (string, error)
}

// cellLimit is how long a cell may take before it counts as hung.
const cellLimit = 90 * time.Second

// timersLate is by how much sleeps between two looks at something may be too long.
const timersLate = time.Millisecond

// cells lists all cells, those of one personality after the other.
func cells() []cell {
	var all []cell
	for _, l := range levels {
		for _, subject := range [][]cell{
			lives(l), stops(l), failures(l), unreadables(l), rebuilts(l), reAdds(l), replacements(l),
			faultyMembers(l), silents(l), grown(l), externals(l), found(l),
			stacked(l), byMapper(l), outages(l),
		} {
			all = append(all, subject...)
		}
	}
	return all
}

// choose returns the cells of these names: those of a cell, a personality ("raid10" is
// all of its layouts), or "all". A name that chooses none is a mistake.
func choose(names []string) ([]cell, error) {
	all := cells()
	chosen := map[string]bool{}
	for _, want := range names {
		found := false
		for _, c := range all {
			if c.fits(want) {
				chosen[c.name], found = true, true
			}
		}
		if !found {
			return nil, unknown(want)
		}
	}
	return slices.DeleteFunc(all, func(c cell) bool { return !chosen[c.name] }), nil
}

// fits tells whether a name is the cell's, its personality's, or "all".
func (c cell) fits(want string) bool {
	return want == event.AllCells || want == c.name || want == c.level.name || want+"-"+c.level.variant() == c.level.name
}

// unknown says what there is instead.
func unknown(want string) error {
	personality, _, isCell := strings.Cut(want, "/")
	var subjects, personalities []string
	for _, c := range cells() {
		if name, subject, _ := strings.Cut(c.name, "/"); name == personality {
			subjects = append(subjects, subject)
		}
		personalities = append(personalities, c.level.name)
	}
	if isCell && len(subjects) > 0 {
		return fmt.Errorf("%s has no cell %s; there are %s", personality, strings.TrimPrefix(want, personality+"/"), strings.Join(subjects, ", "))
	}
	return fmt.Errorf("no personality or cell is called %s; personalities are %s", want, strings.Join(slices.Compact(personalities), ", "))
}

// Names are the personalities, and in alphabetical order the subjects of their cells.
func Names() (personalities, subjects []string) {
	for _, c := range cells() {
		personality, subject, _ := strings.Cut(c.name, "/")
		if !slices.Contains(personalities, personality) {
			personalities = append(personalities, personality)
		}
		if !slices.Contains(subjects, subject) {
			subjects = append(subjects, subject)
		}
	}
	slices.Sort(subjects)
	return personalities, subjects
}

// Check says in one line which name chooses no cell.
func Check(names ...string) error {
	_, err := choose(names)
	return err
}

// Run runs the chosen cells, several at once, and reports each. An error means that
// they could not be run.
func Run(ctx context.Context, names []string, seed uint64, report func(event.Cell)) (err error) {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	n := lanesHere()
	if n == 0 {
		return fmt.Errorf("there are no %d disks of brd for one cell: %s is missing (kernel parameter brd.rd_nr)",
			perLane, laneDisks(0)[slices.IndexFunc(laneDisks(0), isMissing)])
	}
	daemon, err := mdadm.StartUdevd(ctx)
	if err != nil {
		return err
	}
	defer daemon.End()
	if err := errors.Join(quicken(), leaveToMdadm()); err != nil {
		return err
	}
	punctual, err := machine.CoarseTimers(timersLate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, punctual()) }()
	queue := make(chan cell, len(chosen))
	for _, c := range longestFirst(chosen) {
		queue <- c
	}
	close(queue)
	var mu sync.Mutex
	say := func(res event.Cell) {
		mu.Lock()
		defer mu.Unlock()
		report(res)
	}
	var all sync.WaitGroup
	for lane := range n {
		all.Go(func() {
			for c := range queue {
				if ctx.Err() != nil {
					return
				}
				res := runCell(ctx, c, lane, seed)
				err := free(lane)
				if err != nil {
					res.OK, res.Detail = false, strings.TrimSpace(res.Detail+" "+err.Error())
				}
				if say(res); err != nil {
					return // or all that is left would fail here
				}
			}
		})
	}
	all.Wait()
	for c := range queue {
		say(event.Cell{Name: c.name, Personality: c.level.name, Seed: seed, Detail: event.CellNotRun + ": earlier cells have left all devices and disks in use"})
	}
	return ctx.Err()
}

// longestFirst has those that cut the power again and again come first: one that began
// when the queue is nearly empty would have the other lanes wait.
func longestFirst(chosen []cell) []cell {
	long := func(c cell) int {
		if strings.Contains(c.name, "/"+cutsPower) {
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(chosen), func(a, b cell) int { return long(a) - long(b) })
}

// lanesHere is how many lanes there are disks for.
func lanesHere() int {
	n := 0
	for n < lanes && !slices.ContainsFunc(laneDisks(n), isMissing) {
		n++
	}
	return n
}

func isMissing(disk string) bool {
	_, err := os.Stat(disk)
	return err != nil
}

// free has a lane ready for the next cell, or says what is still in use. Somebody may
// have opened the device's node late, and have made one (R3).
func free(lane int) error {
	name := md.Name(uint32(firstMinor + lane))
	for deadline := time.Now().Add(goneLimit); ; time.Sleep(5 * time.Millisecond) {
		var err error
		if md.Exists(name) {
			err = md.Remove(name, peace)
		}
		if i := slices.IndexFunc(laneDisks(lane), isHeld); err == nil && i >= 0 {
			err = fmt.Errorf("%s is still in use", laneDisks(lane)[i])
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// isHeld tells whether somebody has claimed a disk. udevd looks at what was open for
// writing.
func isHeld(disk string) bool {
	f, err := os.OpenFile(disk, os.O_RDONLY|os.O_EXCL, 0)
	if err != nil {
		return true
	}
	f.Close()
	return false
}

// runCell runs one cell with what belongs to its lane. One that hangs is left.
func runCell(ctx context.Context, c cell, lane int, seed uint64) event.Cell {
	res := event.Cell{Name: c.name, Personality: c.level.name, Seed: seed}
	start := time.Now()
	if res.Skipped = c.level.lacks(); res.Skipped != "" {
		return res
	}
	ctx, cancel := context.WithTimeout(ctx, cellLimit)
	defer cancel()
	r, err := newRig(c, lane, rand.New(rand.NewPCG(seed, hash(c.name))))
	if err == nil {
		res.Detail, res.Opens, err = r.play(ctx, c)
	}
	if err != nil {
		res.Detail = strings.Join(strings.Fields(err.Error()), " ")
	}
	res.OK, res.Seconds = err == nil, time.Since(start).Seconds()
	return res
}

// play runs a cell between an opener's first look and its last, and cleans up.
func (r *rig) play(ctx context.Context, c cell) (detail string, opens map[string]int, err error) {
	type outcome struct {
		detail string
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var out outcome
		if out.err = md.LockThread(); out.err == nil { // Go's signals would end a stop's wait for a lock
			out.detail, out.err = c.run(ctx, r)
		}
		done <- out
	}()
	var out outcome
	select {
	case out = <-done:
	case <-time.After(cellLimit + cellLimit/4):
		return "", nil, fmt.Errorf("hangs in: %s", r.doing())
	}
	if out.err != nil {
		out.err = fmt.Errorf("%s: %w", r.doing(), out.err)
	}
	opens, err = r.end()
	if r.named == "" && !r.alone && opens["ok"] == 0 {
		err = errors.Join(err, errors.New("no open succeeded beside it"))
	}
	return out.detail, opens, errors.Join(out.err, err)
}

// quicken lets rebuilds run as fast as they can.
func quicken() error {
	for _, file := range []string{"speed_limit_min", "speed_limit_max"} {
		if err := md.WriteFile("/proc/sys/dev/raid/"+file, "10000000"); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// leaveToMdadm keeps udevd's rules from assembling what a cell is about to assemble.
func leaveToMdadm() error {
	const conf = "/etc/mdadm/mdadm.conf"
	return errors.Join(os.MkdirAll(filepath.Dir(conf), 0o755), os.WriteFile(conf, []byte("AUTO -all\n"), 0o644))
}

// hash makes a number of a name.
func hash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return h.Sum64()
}
