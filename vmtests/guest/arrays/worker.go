// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
)

// endLimit is how long it may take to remove what a test case has left.
const endLimit = 80 * time.Second

// caseLimit is how long a test case may take before it counts as hung.
const caseLimit = 90 * time.Second

// worker runs test cases one after the other, on a device and disks of its own.
type worker struct {
	free    chan int // places that nobody has
	seed    uint64
	brief   bool              // there are very many test cases
	careful bool              // it ends with the first test case that hangs
	begins  func(event.Begun) // called with each test case before anything is done for it
	say     func(event.Cell)
	try     func(context.Context, worker, testCase) (res event.Cell, left bool)

	place int // where it works now
}

// work runs test cases until there are none left. Where one has left its device or disks in use,
// all that came after it would fail: the worker moves to another place, while there is one.
func (w worker) work(ctx context.Context, queue <-chan testCase) {
	for {
		select {
		case w.place = <-w.free:
		default:
			return
		}
		if over := w.workThere(ctx, queue); over {
			w.free <- w.place
			return
		}
		if w.careful {
			return
		}
	}
}

// workThere runs test cases at one place, and reports whether there are none left.
func (w worker) workThere(ctx context.Context, queue <-chan testCase) (over bool) {
	for c := range queue {
		if ctx.Err() != nil {
			return true
		}
		res, left := w.try(ctx, w, c)
		if w.say(res); left {
			return false
		}
	}
	return true
}

// tryCase runs a test case, and says whether it has left the place in use.
func tryCase(ctx context.Context, w worker, c testCase) (res event.Cell, left bool) {
	res, err := w.run(ctx, c)
	if err == nil {
		err = w.cleanUp(ctx)
	}
	if err != nil {
		res.OK, res.Detail = false, strings.TrimSpace(res.Detail+" "+err.Error())
	}
	return excuse(res, c, release()), err != nil
}

// cleanUp has the worker ready for the next test case, or says what is still in use.
func (w worker) cleanUp(ctx context.Context) error {
	disks := array.PlaceDisks(w.place)
	var err error
	_ = wait.Until(context.WithoutCancel(ctx), array.GoneLimit, 5*time.Millisecond, func() (bool, error) { // else err says more
		err = array.Remove(array.PlaceMinor(w.place))
		if i := slices.IndexFunc(disks, md.Claimed); err == nil && i >= 0 {
			err = fmt.Errorf("%s is still in use", disks[i])
		}
		return err == nil, nil
	})
	return err
}

// errLeft says that a test case has left something that hangs.
var errLeft = errors.New("(its device and disks stay in use)")

// run runs one test case. One that hangs is left: an error says so.
func (w worker) run(ctx context.Context, c testCase) (res event.Cell, left error) {
	res = c.cell(w.seed)
	start := time.Now()
	if res.Skipped = c.cannotRun(); res.Skipped != "" {
		return res, nil
	}
	w.begins(event.Begun{Name: c.name, Turn: c.turn})
	ctx, cancel := context.WithTimeout(ctx, caseLimit)
	defer cancel()
	a, err := array.At(ctx, c.personality, w.place, c.rand(w.seed))
	if err == nil {
		a.Brief = w.brief
		err = c.play(a, &res)
	}
	if err != nil {
		res.Detail = strings.Join(strings.Fields(err.Error()), " ")
	}
	if errors.Is(err, array.ErrHangs) {
		left = errLeft
	}
	res.OK, res.Seconds = err == nil, time.Since(start).Seconds()
	return res, left
}

// cell returns what a test case is called in a report, as yet without a result.
func (c testCase) cell(seed uint64) event.Cell {
	return event.Cell{Name: c.name, Personality: c.personality.Name, Seed: seed, Turn: c.turn}
}

// cannotRun returns why this machine cannot run the test case, "" if it can.
func (c testCase) cannotRun() string {
	if why := c.personality.Lacking(); why != "" || c.lacking == nil {
		return why
	}
	return c.lacking()
}

// rand returns the random numbers of a test case: they depend on the seed, its name and its turn alone.
func (c testCase) rand(seed uint64) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.name)) // never fails
	return rand.New(rand.NewPCG(seed+uint64(c.turn), h.Sum64()))
}

// outcome is how a scenario has ended.
type outcome struct {
	seen string
	err  error
}

// play runs a test case between an opener's first look and its last, and cleans up.
func (c testCase) play(a *array.Array, res *event.Cell) (err error) {
	a.StartCompany(c.company)
	done := make(chan outcome, 1)
	go func() { done <- c.onThread(a) }()
	var out outcome
	select {
	case out = <-done:
	case <-time.After(caseLimit + caseLimit/4):
		return fmt.Errorf("hangs in: %s: it %w", a.Doing(), array.ErrHangs)
	}
	if out.err != nil {
		out.err = fmt.Errorf("%s: %w", a.Doing(), out.err)
	}
	if errors.Is(out.err, array.ErrHangs) {
		return out.err
	}
	var opens map[string]int
	var ios int
	end := array.Begin("the end", func() (err error) {
		opens, ios, err = a.End()
		return err
	})
	if err = end.End(endLimit); errors.Is(err, array.ErrHangs) { // it may write to these still
		return errors.Join(out.err, err)
	}
	res.Detail, res.Opens, res.IO = out.seen, opens, ios
	if a.IsNumbered() && !a.NoDevice && res.Opens["ok"] == 0 {
		err = errors.Join(err, errors.New("no open succeeded beside it"))
	}
	return errors.Join(out.err, err)
}

// onThread runs the scenario on a thread of its own: Go's signals would end a stop's wait for
// a lock.
func (c testCase) onThread(a *array.Array) (out outcome) {
	out.err = md.OnThread(func() (err error) {
		out.seen, err = c.scenario.run(a)
		return err
	})
	return out
}
