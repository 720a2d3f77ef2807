// SPDX-License-Identifier: BSD-3-Clause

package race

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
)

func TestCheck(t *testing.T) {
	good := event.RaceSpec{Stop: event.StopIoctl, Openers: 4, Millis: 1000}
	for _, c := range []struct {
		what string
		edit func(*event.RaceSpec)
		want string // in the error; "" for none
	}{
		{"good", func(*event.RaceSpec) {}, ""},
		{"cycles only", func(s *event.RaceSpec) { s.Millis, s.Cycles = 0, 5 }, ""},
		{"stop", func(s *event.RaceSpec) { s.Stop = "kill" }, `stop "kill"`},
		{"members", func(s *event.RaceSpec) { s.Members = 1 }, "members 1"},
		{"no openers", func(s *event.RaceSpec) { s.Openers = 0 }, "openers 0"},
		{"openers", func(s *event.RaceSpec) { s.Openers = 1000 }, "openers 1000"},
		{"endless", func(s *event.RaceSpec) { s.Millis = 0 }, "never end"},
		{"negative", func(s *event.RaceSpec) { s.Millis = -1 }, "negative"},
	} {
		s := good
		c.edit(&s)
		err := Check(s)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, wanted %q", c.what, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", c.what, err)
		}
	}
}

func TestCounts(t *testing.T) {
	var c counts
	c.add(openRO, nil)
	c.add(openRO, unix.ENXIO)
	c.add(openRO, unix.ENXIO)
	c.add(openRO, unix.Errno(530)) // an internal code that leaked
	c.add(openExcl, unix.EBUSY)
	c.add(stop, errors.New("not an errno"))
	c[settle][there].Add(1)
	calls := map[string]map[string]int64{event.CallOpenRO: {event.OK: 1}}
	c.merge(calls)
	want := map[string]map[string]int64{
		event.CallOpenRO:   {event.OK: 2, "ENXIO": 2, "errno 530": 1},
		event.CallOpenExcl: {"EBUSY": 1},
		event.CallStop:     {"EIO": 1},
		event.CallSettle:   {event.There: 1},
	}
	if !maps.EqualFunc(calls, want, maps.Equal[map[string]int64, map[string]int64]) {
		t.Errorf("%v instead of %v", calls, want)
	}
	opens, failures := Totals(event.RaceSpec{Stop: event.StopIoctl}, calls)
	if opens != 6 || failures != 2+1+1+1 {
		t.Errorf("%d opens and %d failures instead of 6 and 5", opens, failures)
	}
}

func TestCallsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for kind, name := range callNames {
		if name == "" || seen[name] {
			t.Errorf("call %d is named %q", kind, name)
		}
		seen[name] = true
	}
}

// TestGate lets openers run through a gate that is shut and opened many times,
// and looks that none is at work while it is shut.
func TestGate(t *testing.T) {
	const openers = 4
	g := newGate(openers)
	var atWork, rounds atomic.Int64
	var all sync.WaitGroup
	for range openers {
		all.Go(func() {
			defer g.left()
			for g.pass() {
				atWork.Add(1)
				rounds.Add(1)
				atWork.Add(-1)
			}
		})
	}
	for range 200 {
		g.shut()
		if n := atWork.Load(); n != 0 {
			t.Fatalf("%d openers at work behind a shut gate", n)
		}
		was := rounds.Load()
		g.open()
		for rounds.Load() == was {
			time.Sleep(10 * time.Microsecond)
		}
	}
	g.shut()
	g.end()
	g.open() // too late: it is over
	all.Wait()
	g.shut() // nobody left to wait for
}

func TestWatchFindsTheHungThread(t *testing.T) {
	moving, idle, hung := new(thread), new(thread), new(thread)
	for _, th := range []*thread{moving, idle, hung} {
		th.init("opener", nil)
	}
	moving.enter(openRO)
	hung.enter(openRW)
	w := newWatch([]*thread{moving, idle, hung}, 10*time.Millisecond)
	if stuck := w.look(); len(stuck) != 0 {
		t.Fatalf("%d threads hang at once", len(stuck))
	}
	time.Sleep(20 * time.Millisecond)
	moving.enter(openRO)
	stuck := w.look()
	if len(stuck) != 1 || stuck[0] != hung {
		t.Fatalf("%d threads hang instead of one", len(stuck))
	}
	if text := stuck[0].stuck(); !strings.Contains(text, "opener hangs in open-rw") {
		t.Errorf("described as %q", text)
	}
	close(hung.done)
	if stuck := w.look(); len(stuck) != 0 {
		t.Error("a thread that has ended hangs")
	}
}

func TestOwns(t *testing.T) {
	numbered := &race{Config: Config{Device: "md0", Spec: event.RaceSpec{Stop: event.StopSysfs}}}
	named := &race{Config: Config{Device: "md0", Spec: event.RaceSpec{Stop: event.StopNamed}}}
	for _, c := range []struct {
		r    *race
		name string
		want bool
	}{
		{numbered, "md0", true}, {numbered, "md01", false}, {numbered, "md_r1", false},
		{named, "md_r1", true}, {named, "md0", false},
	} {
		if got := c.r.owns(c.name); got != c.want {
			t.Errorf("%s race: owns %s: %v", c.r.Spec.Stop, c.name, got)
		}
	}
}

func TestGeneratorsReplay(t *testing.T) {
	a, b := &race{Config: Config{Seed: 7}}, &race{Config: Config{Seed: 7}}
	if a.rng(1).Uint64() != b.rng(1).Uint64() {
		t.Error("the same seed and thread gave different numbers")
	}
	if a.rng(1).Uint64() == a.rng(2).Uint64() {
		t.Error("two threads got the same numbers")
	}
}

// TestHungResult has a creator that never ends: its call must be counted, and
// its histograms left alone.
func TestHungResult(t *testing.T) {
	r := &race{Config: Config{Spec: event.RaceSpec{Stop: event.StopIoctl}}, gate: newGate(0)}
	r.creator = newCreator(r)
	r.creator.enter(stop)
	r.hangs = []string{event.CallStop}
	res := r.result(time.Second, true)
	if res.Calls[event.CallStop][event.Hung] != 1 {
		t.Errorf("calls %v", res.Calls)
	}
	if _, failures := Totals(res.Spec, res.Calls); failures != 1 {
		t.Errorf("%d failures instead of 1", failures)
	}
}

// TestNeedsMore: a race whose time is up goes on while it has seen too little,
// but not for ever.
func TestNeedsMore(t *testing.T) {
	spec := event.RaceSpec{Stop: event.StopIoctl, Millis: 1000, MinOpens: 2, MinCycles: 1}
	for _, c := range []struct {
		what          string
		opens, cycles int
		since         time.Duration
		want          bool
	}{
		{"nothing seen", 0, 0, time.Second, true},
		{"too few opens", 1, 1, time.Second, true},
		{"too few cycles", 2, 0, time.Second, true},
		{"enough", 2, 1, time.Second, false},
		{"too long", 0, 0, event.RaceStretch * time.Second, false},
	} {
		r := &race{Config: Config{Spec: spec}, gate: newGate(0)}
		r.creator = newCreator(r)
		for range c.opens {
			r.creator.counts.add(openRO, nil)
		}
		r.creator.cycles.Store(int64(c.cycles))
		if got := r.needsMore(c.since); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
