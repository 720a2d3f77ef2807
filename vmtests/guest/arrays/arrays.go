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

// Run runs the test cases of a plan, several at once but for those that are to run alone, says of each
// when it begins, and reports it. An error means that they could not be run.
func Run(ctx context.Context, p event.Plan, begun func(event.Begun), report func(event.Cell)) (err error) {
	queue, err := inTurns(p.Cells, p.Repeat)
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
	runAll(ctx, queue, p, places, reporting(begun, report))
	return ctx.Err()
}

// Turns returns the test cases of these names, each so many times (0: once), in the order in which they
// begin: their names, personalities and turns. A plan names some of them by their places in it.
func Turns(names []string, repeat int) (all []event.Cell, err error) {
	queue, err := inTurns(names, repeat)
	for _, c := range queue {
		all = append(all, c.cell(0))
	}
	return all, err
}

func inTurns(names []string, repeat int) ([]testCase, error) {
	chosen, err := choose(names)
	return repeated(inOrder(chosen), repeat), err
}

// manyCases are so many in one run that each must be brief.
const manyCases = 60

// runAll shares the test cases out to workers, and the places to them: first those that are to run alone
// to one worker. Those that no place is left for are reported as not run; and, where one that ran alone hangs,
// all after it: they are to be judged by themselves, and what hangs may hold up udev.
func runAll(ctx context.Context, all []testCase, p event.Plan, places int, w worker) {
	w.free, w.seed, w.brief = make(chan int, places), p.Seed, len(all) > manyCases
	for place := range places {
		w.free <- place
	}
	alone, rest := shares(all, p)
	w.careful = true
	if w.share(ctx, alone, 1); len(w.free) < places {
		w.notRun(filled(rest), leftHanging)
		return
	}
	w.careful = false
	w.share(ctx, rest, min(array.Workers, places))
}

// Why test cases are not run.
const (
	leftHanging = "one that was to run alone has left something that hangs"
	allInUse    = "earlier cells have left all devices and disks in use"
)

// reporting is a worker that reports, whatever others do meanwhile.
func reporting(begun func(event.Begun), report func(event.Cell)) worker {
	var mu sync.Mutex
	return worker{
		try: tryCase,
		begins: func(b event.Begun) {
			mu.Lock()
			defer mu.Unlock()
			begun(b)
		},
		say: func(res event.Cell) {
			mu.Lock()
			defer mu.Unlock()
			report(res)
		},
	}
}

// shares returns the test cases that a plan has run alone, and the others that it has run.
func shares(all []testCase, p event.Plan) (alone, rest []testCase) {
	if len(p.Alone) == 0 && len(p.Rest) == 0 {
		return nil, all
	}
	of := func(spans []event.Span) (some []testCase) {
		for _, place := range event.Places(spans, len(all)) {
			some = append(some, all[place])
		}
		return some
	}
	return of(p.Alone), of(p.Rest)
}

// share has so many workers like this one run test cases.
func (w worker) share(ctx context.Context, some []testCase, workers int) {
	queue := filled(some)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() { w.work(ctx, queue) })
	}
	running.Wait()
	if w.careful {
		w.notRun(queue, leftHanging)
		return
	}
	w.notRun(queue, allInUse)
}

// notRun reports test cases as not run.
func (w worker) notRun(queue <-chan testCase, why string) {
	for c := range queue {
		res := c.cell(w.seed)
		res.Detail = event.CellNotRun + ": " + why
		w.say(res)
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
