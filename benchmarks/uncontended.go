// SPDX-License-Identifier: BSD-3-Clause

// Package benchmarks measures what the project promises about speed: that the
// patches cost the unraced paths nothing, that a guest's first result comes
// about as soon as QEMU alone would give it, and how long whole runs take.
package benchmarks

import (
	"context"
	"fmt"
	"slices"

	"mdlife/benchmarks/paired"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
	"mdlife/vmtests/vm"
)

// How many rounds of each benchmark a guest does in one boot.
const (
	guestRounds   = 8
	countedRounds = 5 // one is like another

	throughputRounds = 4
)

// How much longer a guest may take whose instructions are counted.
const (
	countedSlow    = 4
	throughputSlow = 8
)

// Uncontended compares the paths that nobody races, patched against unpatched:
// in every round it boots unpatched, patched and unpatched again, each with the
// machine to itself, and takes the median of what each guest measured. The key
// of the result is the benchmark's name.
//
// The guests' CPUs poll where they have nothing to do: to wake an emulated one
// takes the host 0.1 to 0.3 ms (TCG, 2 cores), and who sleeps once more would
// be charged for that.
func Uncontended(ctx context.Context, o vmtests.Options, rounds int) (map[string]paired.Result, error) {
	o.Append = append(slices.Clone(o.Append), "idle=poll")
	return compare(ctx, o, rounds, event.BenchSpec{Rounds: guestRounds}, 1)
}

// Counted is Uncontended on one CPU whose clock goes by the instructions that it
// has executed ([vm.Counted], whatever o.Accel wishes): the host's other work does
// not show, and the time that a kernel waits for its own ticks does.
func Counted(ctx context.Context, o vmtests.Options, rounds int) (map[string]paired.Result, error) {
	o.Accel = vm.Fixed(vm.Counted)
	return compare(ctx, o, rounds, event.BenchSpec{Rounds: countedRounds}, countedSlow)
}

// Throughput compares reads and writes of arrays of each personality by the same clock:
// 64 KiB one after the other, and 4 KiB at random.
func Throughput(ctx context.Context, o vmtests.Options, rounds int) (map[string]paired.Result, error) {
	o.Accel = vm.Fixed(vm.Counted)
	return compare(ctx, o, rounds, event.BenchSpec{Rounds: throughputRounds, Throughput: true}, throughputSlow)
}

// compare boots guests, which may take slow times as long as usual, in rounds.
func compare(ctx context.Context, o vmtests.Options, rounds int, spec event.BenchSpec, slow int) (map[string]paired.Result, error) {
	all, err := o.Build(ctx, event.Plan{})
	if err != nil {
		return nil, err
	}
	all.Unpatched.Slow, all.Patched.Slow = slow, slow
	measured, err := abaRounds(all, rounds, func(a vmtests.Artefact) (verdict.Guest, error) {
		return o.RunGuest(ctx, a, all.Image, vmtests.BenchPlan(spec))
	})
	if err != nil {
		return nil, err
	}
	results := map[string]paired.Result{}
	for name, rs := range measured {
		if results[name], err = paired.Compare(rs); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return results, nil
}
