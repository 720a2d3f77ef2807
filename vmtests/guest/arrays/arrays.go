// SPDX-License-Identifier: BSD-3-Clause

// Package arrays takes arrays of every personality through whatever can happen to one, with
// Debian's mdadm, the real client, and with openers that look at each device all the time. A
// scenario is a file and a row of the table in table.go; a test case is a scenario on a
// personality: "raid5/life-1.2". Package array has the array under test and its verbs.
package arrays

import (
	"context"
	"errors"
	"sync"
	"time"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/mdadm"
)

// timerSlack is how late a sleep between two looks at something may end.
const timerSlack = time.Millisecond

// Run runs the chosen test cases, each so many times (0: once), several at once, and reports each. An
// error means that they could not be run.
func Run(ctx context.Context, names []string, repeat int, seed uint64, report func(event.Cell)) (err error) {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	places, err := array.PlacesHere()
	if err != nil {
		return err
	}
	if err := array.LetArraysBeUnnoticed(); err != nil {
		return err
	}
	daemon, err := mdadm.StartUdevd(ctx)
	if err != nil {
		return err
	}
	defer daemon.End()
	if err := array.Steps(array.UnlimitSyncSpeed, array.DisableAutoAssembly, array.AllowIMSM); err != nil {
		return err
	}
	punctual, err := machine.CoarseTimers(timerSlack)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, punctual()) }()
	runAll(ctx, repeated(inOrder(chosen), repeat), places, seed, report)
	return ctx.Err()
}

// manyCases are so many in one run that each must be brief.
const manyCases = 60

// runAll shares the test cases out to workers, and the places to them. Those that no place is left
// for are reported as not run.
func runAll(ctx context.Context, all []testCase, places int, seed uint64, report func(event.Cell)) {
	queue, free := filled(all), make(chan int, places)
	for place := range places {
		free <- place
	}
	close(free)
	var mu sync.Mutex
	say := func(res event.Cell) {
		mu.Lock()
		defer mu.Unlock()
		report(res)
	}
	var running sync.WaitGroup
	for range min(array.Workers, places) {
		running.Go(func() { worker{free: free, seed: seed, brief: len(all) > manyCases, say: say}.work(ctx, queue) })
	}
	running.Wait()
	for c := range queue {
		say(event.Cell{Name: c.name, Personality: c.personality.Name, Seed: seed, Turn: c.turn,
			Detail: event.CellNotRun + ": earlier cells have left all devices and disks in use"})
	}
}

// repeated returns all test cases so many times, one turn after the other.
func repeated(all []testCase, times int) (turns []testCase) {
	for turn := range max(times, 1) {
		for _, c := range all {
			c.turn = turn
			turns = append(turns, c)
		}
	}
	return turns
}

// filled returns a channel with the test cases in it, and no more to come.
func filled(all []testCase) chan testCase {
	queue := make(chan testCase, len(all))
	for _, c := range all {
		queue <- c
	}
	close(queue)
	return queue
}
