// SPDX-License-Identifier: BSD-3-Clause

// Package race makes opens of an md array race with its stops, and counts what
// every call returns.
//
// Openers open and close the device in a tight loop while one creator makes it,
// stops it and closes it, over and over. Now and then the openers pause, for
// two things that cannot be seen while they run: whether the device goes once
// everybody has closed it (R23), and how long that takes after the last close.
package race

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"mdlife/tools/md"
	"mdlife/tools/md/uevent"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/leak"
	"mdlife/vmtests/hist"
)

// Config says what to race with.
type Config struct {
	Spec    event.RaceSpec
	Seed    uint64   // of the threads' generators; the scheduling is not replayed
	Device  string   // "md0": what openers open, except in named races
	Members []string // block device nodes for Spec.Members, "/dev/ram0" …
	// Shared says that others use md at the same time: what they allocate
	// cannot be told from a leak, and leaks are not looked for.
	Shared bool
	// Hang is how long a call may take before it counts as hung. 0: 15 s.
	Hang time.Duration
	// Progress, if set, is called about every half second with the opens so
	// far and the failures among all calls.
	Progress func(opens, failures int64)
}

// race is a race in progress.
type race struct {
	Config
	start   time.Time
	nodes   md.Nodes
	gate    *gate
	path    atomic.Pointer[string] // the node that openers open
	over    atomic.Bool            // the creator finishes its cycle and ends
	array   md.Array
	creator *creator
	openers []*opener

	mu    sync.Mutex
	notes []string
	hangs []string // the calls that threads hang in
}

// Run races until the spec's duration or cycles are used up or ctx ends. Its
// result is complete in either case. An error says that the race could not be
// set up; a race in which calls failed or hung is a result, not an error.
func Run(ctx context.Context, cfg Config) (event.Race, error) {
	if err := Check(cfg.Spec); err != nil {
		return event.Race{}, err
	}
	r, err := newRace(cfg)
	if err != nil {
		return event.Race{}, err
	}
	defer r.nodes.Remove()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cfg.Spec.Openers + 4))

	events, err := uevent.Listen()
	if err != nil {
		r.note("uevents not counted: %v", err)
	}
	var before leak.Snapshot
	if !r.Shared {
		before = leak.Take()
	}
	r.start = time.Now()
	hung := r.run(ctx)
	res := r.result(time.Since(r.start), hung)
	r.settleAll(&res, hung)
	res.Uevents = r.uevents(events)
	if !hung && !r.Shared {
		res.Leaks = before.Compare(2*time.Second, r.Device, namedPrefix)
	}
	res.Notes = r.notes
	return res, nil
}

// Check says in one line what is wrong with a spec, or nil.
func Check(s event.RaceSpec) error {
	switch {
	case s.Stop != event.StopIoctl && s.Stop != event.StopSysfs && s.Stop != event.StopNamed:
		return fmt.Errorf("stop %q is not %s, %s or %s", s.Stop, event.StopIoctl, event.StopSysfs, event.StopNamed)
	case s.Members != 0 && s.Members != 2:
		return fmt.Errorf("members %d is not 0 or 2", s.Members)
	case s.Openers < 1 || s.Openers > 256:
		return fmt.Errorf("openers %d is not within 1 to 256", s.Openers)
	case s.Millis < 0 || s.Cycles < 0 || s.MinOpens < 0 || s.MinCycles < 0:
		return fmt.Errorf("the duration and the numbers of opens and cycles cannot be negative")
	case s.Millis == 0 && s.Cycles == 0:
		return fmt.Errorf("neither a duration nor a number of cycles is set: the race would never end")
	}
	return nil
}

func newRace(cfg Config) (*race, error) {
	if cfg.Hang == 0 {
		cfg.Hang = 15 * time.Second
	}
	r := &race{Config: cfg, gate: newGate(cfg.Spec.Openers)}
	if err := r.findMembers(); err != nil {
		return nil, err
	}
	var err error
	if r.nodes, err = md.NewNodes(); err != nil {
		return nil, err
	}
	if err = r.publishNumbered(); err != nil {
		r.nodes.Remove()
		return nil, err
	}
	r.creator = newCreator(r)
	for i := range cfg.Spec.Openers {
		r.openers = append(r.openers, newOpener(r, i+1))
	}
	return r, nil
}

// publishNumbered gives the openers a node of the numbered device; in a named
// race the creator publishes one for every array it makes.
func (r *race) publishNumbered() error {
	if r.Spec.Stop == event.StopNamed {
		return nil
	}
	var minor uint32
	if n, err := fmt.Sscanf(r.Device, "md%d", &minor); n != 1 || err != nil ||
		md.Name(minor) != r.Device || minor >= md.FirstNamedMinor {
		return fmt.Errorf("device %q is not one of md0 to md%d", r.Device, md.FirstNamedMinor-1)
	}
	return r.publish(minor)
}

// publish makes a node for a minor number and gives it to the openers.
func (r *race) publish(minor uint32) error {
	path, err := r.nodes.Make(md.Major, minor)
	if err != nil {
		return err
	}
	r.path.Store(&path)
	return nil
}

func (r *race) findMembers() (err error) {
	if r.Spec.Members > len(r.Members) {
		return fmt.Errorf("%d members wanted, %d named", r.Spec.Members, len(r.Members))
	}
	r.array, err = md.Raid1(r.Members[:r.Spec.Members]...)
	return err
}

// rng returns the generator of thread i, 0 being the creator's.
func (r *race) rng(i int) *rand.Rand {
	return rand.New(rand.NewPCG(r.Seed, uint64(i)))
}

func (r *race) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.notes) < 50 {
		r.notes = append(r.notes, fmt.Sprintf(format, args...))
	}
}

// threads lists the creator and all openers.
func (r *race) threads() []*thread {
	all := []*thread{&r.creator.thread}
	for _, o := range r.openers {
		all = append(all, &o.thread)
	}
	return all
}

// calls merges the counts of all threads.
func (r *race) calls() map[string]map[string]int64 {
	calls := map[string]map[string]int64{}
	for _, t := range r.threads() {
		t.counts.merge(calls)
	}
	return calls
}

// result collects what the threads have counted. Histograms of threads that
// still run, because they hang, are left out.
func (r *race) result(took time.Duration, hung bool) event.Race {
	res := event.Race{
		Spec: r.Spec, Seed: r.Seed, Seconds: took.Seconds(),
		Cycles: r.creator.cycles.Load(), Calls: r.calls(),
		Left: []string{}, Leaks: []string{},
	}
	if hung {
		for _, t := range r.hangs {
			row := res.Calls[t]
			if row == nil {
				row = map[string]int64{}
				res.Calls[t] = row
			}
			row[event.Hung]++
		}
	}
	opens := hist.New()
	for _, o := range r.openers {
		if o.ended() {
			opens.Add(o.lat)
		}
	}
	res.Open = opens.Latency()
	if r.creator.ended() {
		res.Stop, res.Gone = r.creator.stopLat.Latency(), r.creator.gone.Latency()
	}
	return res
}
