// SPDX-License-Identifier: BSD-3-Clause

package race

import (
	"context"
	"strings"
	"time"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/tools/md/uevent"
	"mdlife/vmtests/event"
	"mdlife/vmtests/requirement"
)

// run starts the threads, watches them, and ends them. It returns true where a
// thread hangs in a call; r.hangs then names the calls.
func (r *race) run(ctx context.Context) (hung bool) {
	start := time.Now()
	var timeUp <-chan time.Time // never, where the cycles decide
	if r.Spec.Millis > 0 {
		timeUp = time.After(time.Duration(r.Spec.Millis) * time.Millisecond)
	}
	for _, o := range r.openers {
		o.start(o.loop)
	}
	r.creator.start(r.creator.loop)

	watch := newWatch(r.threads(), r.Hang)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	finish := ctx.Done()
	for {
		select {
		case <-r.creator.done:
			return r.join(watch)
		case <-timeUp:
			if r.needsMore(time.Since(start)) {
				timeUp = time.After(100 * time.Millisecond)
			} else {
				r.over.Store(true) // the creator ends its cycle, and then the openers end
			}
		case <-finish:
			finish = nil
			r.over.Store(true)
		case <-tick.C:
			if r.Progress != nil {
				r.Progress(Totals(r.Spec, r.calls()))
			}
			if stuck := watch.look(); len(stuck) > 0 {
				r.hang(stuck)
				return true
			}
		}
	}
}

// needsMore reports whether the race must go on, although its time is up.
func (r *race) needsMore(since time.Duration) bool {
	opens, _ := Totals(r.Spec, r.calls())
	enough := opens >= int64(r.Spec.MinOpens) && r.creator.cycles.Load() >= int64(r.Spec.MinCycles)
	return !enough && since < event.RaceStretch*time.Duration(r.Spec.Millis)*time.Millisecond
}

// join waits for the openers, which the creator has sent away.
func (r *race) join(watch *watch) (hung bool) {
	for _, o := range r.openers {
		for !o.ended() {
			select {
			case <-o.done:
			case <-time.After(500 * time.Millisecond):
				if stuck := watch.look(); len(stuck) > 0 {
					r.hang(stuck)
					return true
				}
			}
		}
	}
	return false
}

// hang notes the threads that hang and sends the others away.
func (r *race) hang(stuck []*thread) {
	r.over.Store(true)
	for _, t := range stuck {
		r.hangs = append(r.hangs, callNames[t.inCall.Load()])
		r.note("%s", t.stuck())
	}
	r.gate.end()
	time.Sleep(time.Second)
}

// watch finds threads that make no progress.
type watch struct {
	threads []*thread
	limit   time.Duration
	steps   []int64
	since   []time.Time
}

func newWatch(threads []*thread, limit time.Duration) *watch {
	w := &watch{threads: threads, limit: limit}
	w.steps = make([]int64, len(threads))
	w.since = make([]time.Time, len(threads))
	for i := range w.since {
		w.since[i] = time.Now()
	}
	return w
}

// look returns the threads that have been in one call for the limit.
func (w *watch) look() (stuck []*thread) {
	for i, t := range w.threads {
		steps := t.steps.Load()
		if steps != w.steps[i] || t.inCall.Load() == noCall || t.ended() {
			w.steps[i], w.since[i] = steps, time.Now()
		} else if time.Since(w.since[i]) > w.limit {
			stuck = append(stuck, t)
		}
	}
	return stuck
}

// endLimit is how long a device may take to go that nobody has open.
const endLimit = time.Second

// settleAll waits for the devices to go once all threads have closed them, and
// removes those that are left, as a user could. A device that goes then, and may have
// been made by an open that raced with nothing (see [requirement.Allowed]), is noted;
// the others are reported as left.
func (r *race) settleAll(res *event.Race, hung bool) {
	names := r.names()
	_ = wait.Until(context.Background(), endLimit, 5*time.Millisecond, func() (bool, error) {
		res.Left = res.Left[:0]
		for _, name := range names {
			res.Left = append(res.Left, md.Left(name)...)
		}
		return len(res.Left) == 0, nil
	})
	if hung {
		return // an open or ioctl could hang as well
	}
	clean := true
	for _, name := range names {
		if err := md.Remove(name, goneLimit); err != nil {
			r.note("clean up: %v", err)
			clean = false
		}
	}
	if len(res.Left) > 0 && clean && requirement.Allowed(r.Spec, event.CallSettle, event.Kept) {
		r.note("%s was there until an ioctl and a close", strings.Join(names, ", "))
		res.Left = res.Left[:0]
	}
}

// uevents counts the raced device's uevents by action.
func (r *race) uevents(l *uevent.Listener) map[string]int64 {
	counted := map[string]int64{}
	if l == nil {
		return counted
	}
	defer l.Close()
	events, err := l.Drain()
	if err != nil {
		r.note("uevents: %v", err)
	}
	for _, e := range events {
		if e.Block() && r.owns(e.Name()) {
			counted[e.Action]++
		}
	}
	return counted
}
