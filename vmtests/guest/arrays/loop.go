// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/mdadm"
)

// Kinds of what the loop counts, beside those of turns.
const (
	doesCreate       = "create"
	doesCreateAtOnce = "create at once"
	doesStop         = "stop"
	doesStopScan     = "stop --scan"
	doesWipe         = "wipe"
)

// twoEvery is every which cycle has two arrays, which one --stop --scan stops.
const twoEvery = 5

// endSettle is between the reader's end and the last look.
const endSettle = time.Second

// loop is all that mdadm does for its users, again and again.
type loop struct {
	event.Client
	levels []level
}

// Loop makes spec.Cycles cycles, each of which has an array or two made, used, and
// stopped, with systemd-udevd and a stray reader around. What a cycle does depends on
// the seed and its number alone. What fails is counted, and the next cycle goes on,
// unless they have taken spec.LimitSeconds by then.
func Loop(ctx context.Context, spec event.ClientSpec, seed uint64, progress func(done, failed int64)) (event.Client, error) {
	l := &loop{Client: event.Client{Spec: spec, Seed: seed, Done: map[string]int{}, Failed: map[string]int{}, Errors: map[string]int{}}}
	for _, v := range levels {
		if !v.paths && !v.end && v.lacks() == "" {
			l.levels = append(l.levels, v)
		}
	}
	daemon, err := mdadm.StartUdevd(ctx)
	if err != nil {
		return l.Client, err
	}
	defer daemon.End()
	if err := quicken(); err != nil {
		return l.Client, err
	}
	reader, err := mdadm.StartReader()
	if err != nil {
		return l.Client, err
	}
	start := time.Now()
	for n := range spec.Cycles {
		if ctx.Err() != nil || time.Since(start) > time.Duration(spec.LimitSeconds)*time.Second {
			break
		}
		l.cycle(ctx, rand.New(rand.NewPCG(seed, uint64(n))), n%twoEvery == twoEvery-1)
		l.Cycles++
		progress(int64(l.Cycles), l.failures())
	}
	l.Seconds = time.Since(start).Seconds()
	seen, err := reader.End()
	l.Reads, l.ReadErrors = seen.Reads, seen.Errors
	time.Sleep(endSettle)
	l.LeftAtEnd = md.Devices()
	l.clear()
	return l.Client, err
}

// failures is how often anything has failed so far, or stayed.
func (l *loop) failures() int64 {
	n := l.ThereSettled
	for _, f := range l.Failed {
		n += f
	}
	return int64(n)
}

// subject is an array of the loop.
type subject struct {
	*rig
	life   life
	recipe recipe
	p      pattern
}

// turn is something that can happen to an array between its creation and its stop.
type turn struct {
	name string
	can  func(*subject) bool
	do   func(context.Context, *loop, *subject) error
}

// turns are what can happen.
var turns = []turn{
	{"monitor", always, func(ctx context.Context, _ *loop, s *subject) error {
		return s.mdadm(ctx, "--monitor", "--oneshot", "--test", "--config="+s.conf, s.dev())
	}},
	{"fail and re-add", isRedundant, func(ctx context.Context, _ *loop, s *subject) error {
		if err := lose(ctx, s.rig, &s.p); err != nil {
			return err
		}
		return s.life.putBack(ctx, s.rig, &s.p)
	}},
	{"grow", canGrow, func(ctx context.Context, _ *loop, s *subject) error {
		if err := s.life.grow(ctx, s.rig, &s.p); err != nil {
			return err
		}
		s.level.members++
		return nil
	}},
	{"assemble by uuid", always, assembleBy(0)},
	{"assemble by scan", always, assembleBy(1)},
	{"assemble incrementally", always, assembleBy(2)},
}

func always(*subject) bool        { return true }
func isRedundant(s *subject) bool { return s.level.redundant() }

// canGrow wants no bitmap: mdadm would have to take it off and put it on again.
func canGrow(s *subject) bool {
	return s.level.grows(s.life.metadata) && !s.life.bitmap && s.level.members < perLane
}

// assembleBy stops the array, and has mdadm find it again in this way.
func assembleBy(way int) func(context.Context, *loop, *subject) error {
	return func(ctx context.Context, l *loop, s *subject) error {
		uuid, err := s.uuid(ctx)
		if err != nil {
			return err
		}
		if !l.stop(ctx, s) {
			return nil // which counts already
		}
		return assemblies[way].do(ctx, s.rig, uuid)
	}
}

// cycle is one of one array, or of two.
func (l *loop) cycle(ctx context.Context, rng *rand.Rand, two bool) {
	subjects := []*subject{l.subject(rng, 0)}
	if two {
		subjects = append(subjects, l.subject(rng, 1))
	}
	subjects = slices.DeleteFunc(subjects, func(s *subject) bool { return !l.live(ctx, s, rng) })
	switch {
	case len(subjects) == 2:
		l.stopScan(ctx, subjects)
	case len(subjects) == 1 && l.stop(ctx, subjects[0]) && rng.IntN(2) == 0:
		s := subjects[0]
		l.count(doesCreateAtOnce, s, s.makeAtOnce(ctx, s.recipe))
		l.stop(ctx, s)
	}
	l.settled(subjects)
}

// subject chooses what an array is.
func (l *loop) subject(rng *rand.Rand, slot int) *subject {
	v := l.levels[rng.IntN(len(l.levels))]
	kinds := v.metadata()
	s := &subject{rig: &rig{level: v, rng: rng, name: md.Name(uint32(firstMinor + slot)), conf: fmt.Sprintf("/tmp/mdadm-loop-%d.conf", slot), members: laneDisks(slot)}}
	s.life = life{metadata: kinds[rng.IntN(len(kinds))], bitmap: v.redundant() && rng.IntN(2) == 0}
	s.life.named = s.life.metadata != "0.90" && rng.IntN(2) == 0 // which has no room for a name
	if s.life.named {
		s.named = fmt.Sprintf("loop%d", slot)
	}
	s.recipe = recipe{metadata: s.life.metadata, bitmap: s.life.bitmap}
	return s
}

// live makes the array and has some things happen to it. It tells whether it is there
// to be stopped.
func (l *loop) live(ctx context.Context, s *subject, rng *rand.Rand) bool {
	if !l.count(doesWipe, s, l.prepare(s)) || !l.count(doesCreate, s, s.makeAtOnce(ctx, s.recipe)) {
		return false
	}
	if !l.count("write", s, errors.Join(s.settle(ctx), s.p.write("/dev/"+s.kernelName()))) {
		return true
	}
	for _, i := range rng.Perm(len(turns))[:2+rng.IntN(2)] {
		t := turns[i]
		if !t.can(s) {
			continue
		}
		if !l.count(t.name, s, t.do(ctx, l, s)) {
			break
		}
		if !l.count("verify", s, errors.Join(s.settle(ctx), s.p.verify("/dev/"+s.kernelName()))) {
			break
		}
	}
	return md.Exists(s.kernelName())
}

// prepare clears the members, and away what holds them: an array that could not be
// stopped would have all that come after it fail.
func (l *loop) prepare(s *subject) error {
	if err := os.WriteFile(s.conf, []byte(confHead), 0o644); err != nil {
		return err
	}
	var errs []error
	for _, m := range s.members {
		errs = append(errs, wipe(m))
	}
	err := errors.Join(errs...)
	if err != nil {
		l.clear()
	}
	return err
}

// clear removes what md devices there are.
func (l *loop) clear() {
	for _, name := range md.Devices() {
		if err := md.Remove(name, goneLimit); err != nil {
			l.Errors["clean up: "+err.Error()]++
		}
	}
}

// count counts something that was tried, and tells whether it succeeded.
func (l *loop) count(what string, s *subject, err error) bool {
	l.Done[what]++
	if err != nil {
		l.Failed[what]++
		l.Errors[fmt.Sprintf("cycle %d: %s of %s %s, metadata %s: %s", l.Cycles, what, s.level.name, s.kernelName(), s.life.metadata,
			strings.Join(strings.Fields(err.Error()), " "))]++
	}
	return err == nil
}

// stop has mdadm stop the array, and looks whether it is there at once.
func (l *loop) stop(ctx context.Context, s *subject) bool {
	ok := l.count(doesStop, s, s.mdadm(ctx, "--stop", s.dev()))
	if ok {
		l.look(s)
	}
	return ok
}

// stopScan has mdadm stop all arrays that there are.
func (l *loop) stopScan(ctx context.Context, subjects []*subject) {
	if l.count(doesStopScan, subjects[0], subjects[0].mdadm(ctx, "--stop", "--scan")) {
		for _, s := range subjects {
			l.look(s)
		}
	}
}

// look counts a stop, and a device that is there after it.
func (l *loop) look(s *subject) {
	l.Stops++
	if md.Exists(s.kernelName()) {
		l.ThereAfterStop++
	}
}

// settled looks a second time.
func (l *loop) settled(subjects []*subject) {
	time.Sleep(time.Duration(l.Spec.SettleMillis) * time.Millisecond)
	for _, s := range subjects {
		l.Settled++
		if md.Exists(s.kernelName()) {
			l.ThereSettled++
			state, _ := md.ReadAttr(s.kernelName(), "md/array_state")
			l.Errors[fmt.Sprintf("%s is there %d ms after a stop, %q", s.kernelName(), l.Spec.SettleMillis, state)]++
		}
	}
}
