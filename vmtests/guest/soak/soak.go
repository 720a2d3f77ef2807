// SPDX-License-Identifier: BSD-3-Clause

// Package soak races for long: on several devices at once, each through one
// race after the other, of kinds, sizes and lengths chosen at random.
package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/leak"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/race"
)

// Config describes a soak.
type Config struct {
	Spec event.SoakSpec
	// Seed determines all choices except the scheduler's.
	Seed uint64
	// Report is called with each race's result, from one goroutine at a time.
	Report func(event.Race)
	// Progress is called from time to time with the opens so far and the failures.
	Progress func(opens, failures int64)
}

// soak is a soak in progress.
type soak struct {
	Config
	mu    sync.Mutex // of Report
	races int
	opens atomic.Int64 // of the races that have ended
	fails atomic.Int64
}

// Run soaks until the time is up or ctx ends. A race whose calls fail or hang is
// a result, and ends the soak of its device; an error means that a race could
// not be set up.
func Run(ctx context.Context, cfg Config) (event.Soak, error) {
	if cfg.Spec.Devices < 1 || cfg.Spec.Devices > event.MaxSoakDevices {
		return event.Soak{}, fmt.Errorf("%d devices is not within 1 to %d", cfg.Spec.Devices, event.MaxSoakDevices)
	}
	s := &soak{Config: cfg}
	before := leak.Take()
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(cfg.Spec.Seconds)*time.Second)
	defer cancel()
	errs := make([]error, cfg.Spec.Devices)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = s.device(ctx, i) })
	}
	wg.Wait()
	res := event.Soak{Spec: cfg.Spec, Seconds: time.Since(start).Seconds(), Races: s.races}
	res.Left = md.Devices()
	res.Leaks = before.Compare(5*time.Second, "md")
	return res, errors.Join(errs...)
}

// device soaks one device.
func (s *soak) device(ctx context.Context, i int) error {
	rng := rand.New(rand.NewPCG(s.Seed, uint64(i)))
	for n := 1; ctx.Err() == nil; n++ {
		spec := choose(rng, i, n)
		res, err := race.Run(ctx, race.Config{
			Spec: spec, Seed: rng.Uint64(), Shared: true, Device: md.Name(machine.RaceMinors.First + uint32(i)), Members: machine.Pair(i),
			Progress: func(opens, failures int64) {
				s.Progress(s.opens.Load()+opens, s.fails.Load()+failures)
			},
		})
		if err != nil {
			return fmt.Errorf("race %s: %w", spec.Name, err)
		}
		if s.report(res) {
			return nil
		}
	}
	return nil
}

// report passes a result on, and reports whether a call hangs.
func (s *soak) report(res event.Race) (hung bool) {
	opens, fails := race.Totals(res.Spec, res.Calls)
	s.opens.Add(opens)
	s.fails.Add(fails)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.races++
	s.Report(res)
	for _, outcomes := range res.Calls {
		if outcomes[event.Hung] > 0 {
			return true
		}
	}
	return false
}

// choose picks the n-th race of device i. Names come from one counter for the
// whole machine, so only one device is raced by name.
func choose(rng *rand.Rand, i, n int) event.RaceSpec {
	stops := []string{event.StopIoctl, event.StopIoctl, event.StopSysfs, event.StopNamed}
	spec := event.RaceSpec{
		Stop:    stops[rng.IntN(len(stops))],
		Members: 2 * rng.IntN(2),
		Openers: 1 + rng.IntN(4),
		Millis:  500 + rng.IntN(4500),
	}
	if spec.Stop == event.StopNamed {
		if i > 0 {
			spec.Stop = event.StopIoctl
		}
		spec.Members = 0
	}
	spec.Name = fmt.Sprintf("%s-%d", md.Name(uint32(i)), n)
	return spec
}
