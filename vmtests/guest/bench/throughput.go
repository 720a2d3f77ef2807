// SPDX-License-Identifier: BSD-3-Clause

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
)

// transfer is a way of reading or writing an array past the page cache.
type transfer struct {
	name   string
	bytes  int
	random bool
	write  bool
	times  int // for a sample
}

// transfers are enough at once to take tens of milliseconds: what the kernel does every
// few of them for its own sake must not matter.
var transfers = []transfer{
	{name: "sequential write", bytes: 64 << 10, write: true, times: 512},
	{name: "sequential read", bytes: 64 << 10, times: 512},
	{name: "random write", bytes: 4 << 10, random: true, write: true, times: 4096},
	{name: "random read", bytes: 4 << 10, random: true, times: 4096},
}

// Throughput makes rounds samples of each transfer on each personality that the kernel
// has, in microseconds for one of 64 KiB, or one of 4 KiB at random. The data that an array
// gives back are verified before it is measured, and after.
func Throughput(ctx context.Context, rounds int, progress func(done, failed int64)) ([]event.Bench, error) {
	var all []event.Bench
	var done int64
	for _, p := range array.Personalities() {
		if p.Paths || p.Lacking() != "" {
			continue
		}
		samples, err := throughputOf(ctx, p, rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		all = append(all, samples...)
		done++
		progress(done, 0)
	}
	return all, nil
}

// throughputOf measures one personality.
func throughputOf(ctx context.Context, p array.Personality, rounds int) (samples []event.Bench, err error) {
	a, err := array.New(ctx, p, array.PlaceMinor(0), array.PlaceDisks(0))
	if err != nil {
		return nil, err
	}
	if err := a.Create(p.CleanIfRedundant())(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Stop(array.ByIoctl)()) }()
	// An array that turns clean between two samples would have the next one write superblocks.
	if err := a.Set("safe_mode_delay", "0"); err != nil && p.Redundant() {
		return nil, err
	}
	err = array.Steps(a.Write, a.Verify, func() (err error) {
		samples, err = sampleTransfers(a.Dev(), p.Name, rounds)
		return err
	}, a.Write, a.Verify)
	return samples, err
}

// sampleTransfers takes rounds samples of each transfer, in turns.
func sampleTransfers(node, name string, rounds int) ([]event.Bench, error) {
	f, err := array.OpenDirect(node, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []event.Bench
	for _, t := range transfers {
		all = append(all, event.Bench{Name: name + " " + t.name, PerUnit: fmt.Sprintf("%d KiB", t.bytes>>10)})
	}
	for range rounds {
		for i, t := range transfers {
			us, err := t.mean(f)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			all[i].Micros = append(all[i].Micros, us)
		}
	}
	return all, nil
}

// mean returns how many microseconds one takes, at the same places in every sample.
func (t transfer) mean(f *os.File) (float64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	buf := array.Aligned(t.bytes)
	defer unix.Munmap(buf)
	do := f.ReadAt
	if t.write {
		do = f.WriteAt
	}
	places := size / int64(t.bytes)
	rng := rand.New(rand.NewPCG(1, 1))
	start := time.Now()
	for i := range int64(t.times) {
		at := i % places
		if t.random {
			at = rng.Int64N(places)
		}
		if _, err := do(buf, at*int64(t.bytes)); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(t.times), nil
}
