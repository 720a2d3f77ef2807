// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/arrays"
	"mdlife/vmtests/guest/bench"
	"mdlife/vmtests/guest/checks"
	"mdlife/vmtests/guest/client"
	"mdlife/vmtests/guest/link"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/mdadm"
	"mdlife/vmtests/guest/powercut"
	"mdlife/vmtests/guest/race"
	"mdlife/vmtests/guest/soak"
	"mdlife/vmtests/guest/windows"
)

// device is the array that races and benchmarks use.
var device = machine.RaceMinors.Name()

// members are the disks of tests that come one after the other.
var members = machine.Pair(machine.SharedPair)

// loops lists the arrays of the mdadm loop: several at once, for a cycle mostly waits.
func loops() []mdadm.Array {
	var arrays []mdadm.Array
	for i := range machine.LoopPairs {
		arrays = append(arrays, mdadm.Array{Device: md.Name(machine.RaceMinors.First + uint32(i)), Members: machine.Pair(i)})
	}
	return arrays
}

// part is a part of a plan.
type part struct {
	name   string
	wanted func(event.Plan) bool
	run    func(context.Context, *link.Link, event.Plan) error
}

// compared are the parts that two guests on one machine carry out in opposite orders, so
// that they race one after the other.
var compared = []part{
	{"races", func(p event.Plan) bool { return len(p.Races) > 0 }, runRaces},
	{"mdadm", func(p event.Plan) bool { return p.Mdadm != nil }, runMdadm},
	{"checks", func(p event.Plan) bool { return p.Checks }, checkAll},
}

// wantsWindows reports whether a plan forces any window.
func wantsWindows(p event.Plan) bool { return len(p.Windows) > 0 }

// parts lists the parts of a plan in the order in which they are carried out.
func parts(p event.Plan) []part {
	if p.Power != nil {
		return []part{{"power", nil, runPower}}
	}
	middle := slices.Clone(compared)
	if p.Reverse {
		slices.Reverse(middle)
	}
	all := slices.Concat(
		// The windows come first: what else is tried may leave an unpatched kernel
		// with devices that do not go, and members in use.
		[]part{{"windows", wantsWindows, forceAll}},
		middle,
		[]part{
			{"arrays", func(p event.Plan) bool { return len(p.Cells) > 0 }, runCells},
			{"client", func(p event.Plan) bool { return p.Client != nil }, runClient},
			{"soak", func(p event.Plan) bool { return p.Soak != nil }, runSoak},
			{"bench", func(p event.Plan) bool { return p.Bench != nil }, runBench},
			{"windows that spoil the kernel", wantsWindows, spoil},
			{"leaks", func(event.Plan) bool { return true }, lookForLeaks},
		})
	return slices.DeleteFunc(all, func(part part) bool { return !part.wanted(p) })
}

// carryOut runs the parts of a plan in their order and sends each result.
func carryOut(ctx context.Context, l *link.Link, p event.Plan) error {
	if err := machine.LoadModules(); err != nil {
		return err
	}
	for _, part := range parts(p) {
		restore := md.KeepParameters() // what mdadm sets is not for the next part
		if err := part.run(ctx, l, p); err != nil {
			return err
		}
		if err := restore(); err != nil {
			return fmt.Errorf("%s: restore md's parameters: %w", part.name, err)
		}
	}
	return ctx.Err()
}

func checkAll(ctx context.Context, l *link.Link, p event.Plan) error {
	limit := checks.DefaultLimit
	if p.CheckLimit > 0 {
		limit = time.Duration(p.CheckLimit) * time.Second
	}
	return runChecks(ctx, l, p.Only, limit)
}

// runChecks runs the checks whose names begin with one of names, or all.
func runChecks(ctx context.Context, l *link.Link, names []string, limit time.Duration) error {
	l.Phase("checks")
	var done, failed int64
	return checks.Run(ctx, machine.SparePairs(), names, limit, func(c event.Check) {
		done++
		if !c.OK {
			failed++
		}
		l.Count(done, failed)
		l.Send(event.Event{Check: &c})
	})
}

func forceAll(ctx context.Context, l *link.Link, p event.Plan) error {
	return runWindows(ctx, l, p.Windows, false)
}

// spoil forces those windows that leave an unpatched kernel unusable.
func spoil(ctx context.Context, l *link.Link, p event.Plan) error {
	return runWindows(ctx, l, p.Windows, true)
}

// lookForLeaks comes last, when everything should have been given back.
func lookForLeaks(ctx context.Context, l *link.Link, _ event.Plan) error {
	l.Phase("leaks")
	return machine.ScanForLeaks(ctx)
}

// runWindows forces the windows of these names, or all.
func runWindows(ctx context.Context, l *link.Link, names []string, last bool) error {
	l.Phase("windows")
	var done, broken int64
	with := members
	if last {
		with = machine.Pair(machine.UntouchedPair) // the others may be held by an array that does not go
	}
	return windows.Run(ctx, with, names, last, func(w event.Window) {
		done++
		if w.Got != "" {
			broken++
		}
		l.Count(done, broken)
		l.Send(event.Event{Window: &w})
	})
}

func runRaces(ctx context.Context, l *link.Link, p event.Plan) error {
	defer machine.QuietConsole()()
	for i, spec := range p.Races {
		l.Phase("race " + spec.Name)
		res, err := race.Run(ctx, race.Config{
			Spec: spec, Seed: p.Seed + uint64(i), Device: device, Members: members, Progress: l.Count,
		})
		if err != nil {
			return fmt.Errorf("race %s: %w", spec.Name, err)
		}
		l.Send(event.Event{Race: &res})
	}
	return nil
}

func runMdadm(ctx context.Context, l *link.Link, p event.Plan) error {
	l.Phase("mdadm")
	res, err := mdadm.Loop(ctx, *p.Mdadm, loops(), l.Count)
	if err != nil {
		return fmt.Errorf("mdadm loop: %w", err)
	}
	l.Send(event.Event{Mdadm: &res})
	return nil
}

// runCells runs the cells of the personalities.
func runCells(ctx context.Context, l *link.Link, p event.Plan) error {
	l.Phase("arrays")
	var done, failed int64
	begun := func(b event.Begun) { l.Send(event.Event{Begun: &b}) }
	return arrays.Run(ctx, p, begun, func(c event.Cell) {
		done++
		if !c.OK && c.Skipped == "" {
			failed++
		}
		l.Count(done, failed)
		l.Send(event.Event{Cell: &c})
	})
}

func runClient(ctx context.Context, l *link.Link, p event.Plan) error {
	l.Phase("client")
	res, err := client.Loop(ctx, *p.Client, p.Seed, l.Count)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	l.Send(event.Event{Client: &res})
	return nil
}

func runSoak(ctx context.Context, l *link.Link, p event.Plan) error {
	l.Phase("soak")
	defer machine.QuietConsole()()
	res, err := soak.Run(ctx, soak.Config{
		Spec: *p.Soak, Seed: p.Seed, Progress: l.Count,
		Report: func(r event.Race) { l.Send(event.Event{Race: &r}) },
	})
	if err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	l.Send(event.Event{Soak: &res})
	return nil
}

func runBench(ctx context.Context, l *link.Link, p event.Plan) error {
	l.Phase("bench")
	defer machine.QuietConsole()()
	run := func() ([]event.Bench, error) { return bench.Uncontended(ctx, p.Bench.Rounds, device, members, l.Count) }
	if p.Bench.Throughput {
		run = func() ([]event.Bench, error) { return bench.Throughput(ctx, p.Bench.Rounds, l.Count) }
	}
	if p.Bench.Parity {
		run = func() ([]event.Bench, error) { return bench.Parity(ctx, p.Bench.Rounds, l.Count) }
	}
	results, err := run()
	if err != nil {
		return fmt.Errorf("benchmarks: %w", err)
	}
	for _, b := range results {
		l.Send(event.Event{Bench: &b})
	}
	return nil
}

func runPower(ctx context.Context, l *link.Link, p event.Plan) error {
	l.Phase("assemble")
	return powercut.Machine(ctx, *p.Power, l.Phase, func(p event.Power) { l.Send(event.Event{Power: &p}) })
}
