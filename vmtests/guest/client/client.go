// SPDX-License-Identifier: BSD-3-Clause

// Package client is the loop of "mdlife client": everything that mdadm does for its users,
// again and again, with systemd-udevd and a stray reader around.
package client

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/mdadm"
)

// Kinds of what the loop counts, beside those of actions.
const (
	doesCreate       = "create"
	doesCreateAtOnce = "create at once"
	doesStop         = "stop"
	doesStopScan     = "stop --scan"
	doesWipe         = "wipe"
	doesWrite        = "write"
	doesVerify       = "verify"
)

// twoEvery is how often a cycle has two arrays, which one --stop --scan stops.
const twoEvery = 5

// endSettle is the time between the reader's end and the last look.
const endSettle = time.Second

// loop is the loop so far.
type loop struct {
	event.Client
	personalities []array.Personality
}

// Loop makes spec.Cycles cycles, each of which has an array or two made, used, and
// stopped. What a cycle does depends on the seed and its number alone. Failures are counted,
// and the next cycle goes on, unless they have taken spec.LimitSeconds by then.
func Loop(ctx context.Context, spec event.ClientSpec, seed uint64, progress func(done, failed int64)) (event.Client, error) {
	l := &loop{Client: event.Client{Spec: spec, Seed: seed, Done: map[string]int{}, Failed: map[string]int{}, Errors: map[string]int{}}}
	for _, p := range array.Personalities() {
		if p.OwnMetadata() && p.Lacking() == "" {
			l.personalities = append(l.personalities, p)
		}
	}
	daemon, err := mdadm.StartUdevd(ctx)
	if err != nil {
		return l.Client, err
	}
	defer daemon.End()
	if err := array.UnlimitSyncSpeed(); err != nil {
		return l.Client, err
	}
	reader, err := mdadm.StartReader()
	if err != nil {
		return l.Client, err
	}
	l.cycles(ctx, progress)
	seen, err := reader.End()
	l.Reads, l.ReadErrors = seen.Reads, seen.Errors
	time.Sleep(endSettle)
	l.LeftAtEnd = md.Devices()
	l.removeAll()
	return l.Client, err
}

// cycles makes the cycles.
func (l *loop) cycles(ctx context.Context, progress func(done, failed int64)) {
	start := time.Now()
	for n := range l.Spec.Cycles {
		if ctx.Err() != nil || time.Since(start) > time.Duration(l.Spec.LimitSeconds)*time.Second {
			break
		}
		l.cycle(ctx, rand.New(rand.NewPCG(l.Seed, uint64(n))), n%twoEvery == twoEvery-1)
		l.Cycles++
		progress(int64(l.Cycles), l.failures())
	}
	l.Seconds = time.Since(start).Seconds()
}

// failures returns how often anything has failed so far, or stayed.
func (l *loop) failures() int64 {
	n := l.ThereSettled
	for _, f := range l.Failed {
		n += f
	}
	return int64(n)
}

// cycle makes one cycle, of one array or of two.
func (l *loop) cycle(ctx context.Context, rng *rand.Rand, two bool) {
	subjects := []*subject{l.subject(ctx, rng, 0)}
	if two {
		subjects = append(subjects, l.subject(ctx, rng, 1))
	}
	subjects = slices.DeleteFunc(subjects, func(s *subject) bool { return !l.live(s, rng) })
	switch {
	case len(subjects) == 2:
		l.stopScan(subjects)
	case len(subjects) == 1 && l.stop(subjects[0]) && rng.IntN(2) == 0:
		s := subjects[0]
		l.count(doesCreateAtOnce, s, s.CreateOnce(s.recipe))
		l.stop(s)
	}
	l.settled(subjects)
}

// live makes the array and has some things happen to it. It reports whether the array is
// there to be stopped.
func (l *loop) live(s *subject, rng *rand.Rand) bool {
	if !l.count(doesWipe, s, l.prepare(s)) || !l.count(doesCreate, s, s.CreateOnce(s.recipe)) {
		return false
	}
	if !l.count(doesWrite, s, array.Steps(s.Settle, s.write)) {
		return true
	}
	all := actions()
	for _, i := range rng.Perm(len(all))[:2+rng.IntN(2)] {
		a := all[i]
		if !a.can(s) {
			continue
		}
		if !l.count(a.name, s, a.do(l, s)) || !l.count(doesVerify, s, array.Steps(s.Settle, s.verify)) {
			break
		}
	}
	return s.Exists()
}

// prepare clears the members, and removes the arrays that hold them: one that could not be
// stopped would have all that come after it fail.
func (l *loop) prepare(s *subject) error {
	if err := s.WriteConfig(); err != nil {
		return err
	}
	err := s.WipeMembers()
	if err != nil {
		l.removeAll()
	}
	return err
}

// removeAll removes all md devices that there are.
func (l *loop) removeAll() {
	for _, name := range md.Devices() {
		if err := md.Remove(name, array.GoneLimit); err != nil {
			l.Errors["clean up: "+err.Error()]++
		}
	}
}

// count counts something that was tried, and reports whether it succeeded.
func (l *loop) count(what string, s *subject, err error) bool {
	l.Done[what]++
	if err != nil {
		l.Failed[what]++
		l.Errors[fmt.Sprintf("cycle %d: %s of %s %s, metadata %s: %s", l.Cycles, what, s.Personality.Name, s.KernelName(), s.recipe.Metadata,
			strings.Join(strings.Fields(err.Error()), " "))]++
	}
	return err == nil
}

// stop stops the array with mdadm, and looks whether it is still there at once.
func (l *loop) stop(s *subject) bool {
	ok := l.count(doesStop, s, s.RunMdadm("--stop", s.Dev()))
	if ok {
		l.look(s)
	}
	return ok
}

// stopScan stops all arrays with mdadm.
func (l *loop) stopScan(subjects []*subject) {
	if l.count(doesStopScan, subjects[0], subjects[0].RunMdadm("--stop", "--scan")) {
		for _, s := range subjects {
			l.look(s)
		}
	}
}

// look counts a stop, and a device that is there after it.
func (l *loop) look(s *subject) {
	l.Stops++
	if s.Exists() {
		l.ThereAfterStop++
	}
}

// settled looks a second time.
func (l *loop) settled(subjects []*subject) {
	time.Sleep(time.Duration(l.Spec.SettleMillis) * time.Millisecond)
	for _, s := range subjects {
		l.Settled++
		if s.Exists() {
			l.ThereSettled++
			state, _ := s.Attr("array_state")
			l.Errors[fmt.Sprintf("%s is there %d ms after a stop, %q", s.KernelName(), l.Spec.SettleMillis, state)]++
		}
	}
}
