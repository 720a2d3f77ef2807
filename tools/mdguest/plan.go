// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/arrays"
	"mdlife/vmtests/guest/bench"
	"mdlife/vmtests/guest/checks"
	"mdlife/vmtests/guest/link"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/mdadm"
	"mdlife/vmtests/guest/race"
	"mdlife/vmtests/guest/soak"
	"mdlife/vmtests/guest/windows"
)

// members are what arrays are made of: brd, 64 MiB each.
var members = []string{"/dev/ram0", "/dev/ram1"}

// device is the array that races use.
const device = "md0"

// loops are the arrays of the mdadm loop: several at once, for a cycle mostly waits.
var loops = []mdadm.Array{
	{Device: "md0", Members: []string{"/dev/ram0", "/dev/ram1"}},
	{Device: "md1", Members: []string{"/dev/ram2", "/dev/ram3"}},
	{Device: "md2", Members: []string{"/dev/ram4", "/dev/ram5"}},
}

// spares are members for those checks that come after one whose array does not go.
var spares = [][]string{{"/dev/ram6", "/dev/ram7"}, {"/dev/ram8", "/dev/ram9"}, {"/dev/ram10", "/dev/ram11"}, {"/dev/ram12", "/dev/ram13"}}

// unused are members that only a soak has besides: on an unpatched kernel an array
// that does not go may still hold the others.
var unused = []string{"/dev/ram14", "/dev/ram15"}

// carryOut runs the parts of a plan in their order and sends each result.
func carryOut(ctx context.Context, l *link.Link, p event.Plan) error {
	if err := machine.LoadModules(); err != nil {
		return err
	}
	if p.Power != nil {
		return runPower(ctx, l, *p.Power)
	}
	parts := []func(context.Context, *link.Link, event.Plan) error{runRaces, runMdadm, checkAll}
	if p.Reverse {
		slices.Reverse(parts)
	}
	// The windows come first: what else is tried may leave an unpatched kernel
	// with devices that do not go, and members in use.
	parts = slices.Concat([]func(context.Context, *link.Link, event.Plan) error{forceAll}, parts)
	for _, part := range append(parts, runCells, runClient, runSoak, runBench, spoil, lookForLeaks) {
		if err := part(ctx, l, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func checkAll(ctx context.Context, l *link.Link, p event.Plan) error {
	if !p.Checks {
		return nil
	}
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
	return checks.Run(ctx, append([][]string{members}, spares...), names, limit, func(c event.Check) {
		done++
		if !c.OK {
			failed++
		}
		l.Count(done, failed)
		l.Send(event.Event{Check: &c})
	})
}

func forceAll(ctx context.Context, l *link.Link, p event.Plan) error {
	if len(p.Windows) == 0 {
		return nil
	}
	return runWindows(ctx, l, p.Windows, false)
}

// spoil forces those windows that leave an unpatched kernel unusable.
func spoil(ctx context.Context, l *link.Link, p event.Plan) error {
	if len(p.Windows) == 0 {
		return nil
	}
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
		with = unused
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
	if p.Mdadm == nil {
		return nil
	}
	l.Phase("mdadm")
	res, err := mdadm.Loop(ctx, *p.Mdadm, loops, l.Count)
	if err != nil {
		return fmt.Errorf("mdadm loop: %w", err)
	}
	l.Send(event.Event{Mdadm: &res})
	return nil
}

// runCells runs the cells of the personalities.
func runCells(ctx context.Context, l *link.Link, p event.Plan) error {
	if len(p.Cells) == 0 {
		return nil
	}
	l.Phase("arrays")
	var done, failed int64
	return arrays.Run(ctx, p.Cells, p.Seed, func(c event.Cell) {
		done++
		if !c.OK && c.Skipped == "" {
			failed++
		}
		l.Count(done, failed)
		l.Send(event.Event{Cell: &c})
	})
}

func runClient(ctx context.Context, l *link.Link, p event.Plan) error {
	if p.Client == nil {
		return nil
	}
	l.Phase("client")
	res, err := arrays.Loop(ctx, *p.Client, p.Seed, l.Count)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	l.Send(event.Event{Client: &res})
	return nil
}

func runSoak(ctx context.Context, l *link.Link, p event.Plan) error {
	if p.Soak == nil {
		return nil
	}
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
	if p.Bench == nil {
		return nil
	}
	l.Phase("bench")
	defer machine.QuietConsole()()
	run := func() ([]event.Bench, error) { return bench.Run(ctx, p.Bench.Rounds, device, members, l.Count) }
	if p.Bench.Throughput {
		run = func() ([]event.Bench, error) { return arrays.Throughput(ctx, p.Bench.Rounds, l.Count) }
	}
	if p.Bench.Parity {
		run = func() ([]event.Bench, error) { return arrays.Speed(ctx, p.Bench.Rounds, l.Count) }
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

func runPower(ctx context.Context, l *link.Link, spec event.PowerSpec) error {
	l.Phase("assemble")
	return arrays.Power(ctx, spec, l.Phase, func(p event.Power) { l.Send(event.Event{Power: &p}) })
}
