// SPDX-License-Identifier: BSD-3-Clause

// Command mdguest is what runs inside an mdlife guest. u-root's init starts it
// without arguments: it carries out the plan on the kernel's command line,
// tells the host of every result, and switches the machine off. Without a plan
// it does nothing, so that init goes on to a shell. By hand:
//
//	mdguest checks [NAME…]   run the checks, all or those whose name begins so
//	mdguest windows [NAME…]  force the race windows, all or those of these names
//	mdguest windows -help    list the commands of their scripts
//	mdguest plan JSON        carry out a plan (event.Plan), print the events
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/checks"
	"mdlife/vmtests/guest/link"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/mdadm"
	"mdlife/vmtests/guest/windows"
)

const usage = "usage: mdguest [checks [NAME…] | windows [-help | NAME…] | plan JSON]"

// errUsage ends the program with exit code 2.
var errUsage = errors.New(usage)

func main() {
	switch err := run(os.Args[1:]); {
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "mdguest: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return asInit()
	}
	switch args[0] {
	case mdadm.ReaderArg: // a process of its own, started by the mdadm loop
		return mdadm.Reader(os.Stdout, args[1:])
	case checks.OpenerArg: // likewise, started by a check
		return checks.Opener(args[1:])
	case "checks":
		return byHand(func(ctx context.Context) error {
			return runChecks(ctx, link.Lines(os.Stdout), args[1:], checks.DefaultLimit)
		})
	case "windows":
		if slices.Contains(args, "-help") {
			return windows.Help(os.Stdout)
		}
		return windowsByHand(args[1:])
	case "plan":
		p, err := planOf(args[1:])
		if err != nil {
			return err
		}
		return byHand(func(ctx context.Context) error { return planByHand(ctx, os.Stdout, p) })
	}
	return errUsage
}

// windowsByHand forces the windows of these names, or all, those last that spoil a kernel.
func windowsByHand(names []string) error {
	if err := windows.Check(names); err != nil { // once, and not for each of both halves
		return err
	}
	return byHand(func(ctx context.Context) error {
		l := link.Lines(os.Stdout)
		return errors.Join(runWindows(ctx, l, names, false), runWindows(ctx, l, names, true))
	})
}

// byHand runs something that a person started, until ^C.
func byHand(f func(context.Context) error) error {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := machine.Mount(); err != nil {
		return err
	}
	return f(ctx)
}

// planOf decodes the plan that is the only argument.
func planOf(args []string) (event.Plan, error) {
	var p event.Plan
	if len(args) != 1 {
		return p, fmt.Errorf("one plan is wanted; %s", usage)
	}
	if err := json.Unmarshal([]byte(args[0]), &p); err != nil {
		return p, fmt.Errorf("plan: %w", err)
	}
	return p, nil
}

// planByHand carries out a plan and writes the events to w.
func planByHand(ctx context.Context, w io.Writer, p event.Plan) error {
	l := link.Lines(w)
	info := machine.BootInfo()
	l.Send(event.Event{BootInfo: &info})
	l.StartHeartbeat()
	if err := carryOut(ctx, l, p); err != nil {
		return err
	}
	return l.Close()
}

// asInit carries out the plan on the command line and switches off. It comes
// back only where there is no plan.
func asInit() error {
	mountErr := machine.Mount()
	cmdline, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	p, ok, planErr := event.DecodePlan(string(cmdline))
	if !ok && planErr == nil {
		return mountErr
	}
	if err := tellHost(p, planErr, mountErr); err != nil {
		fmt.Fprintf(os.Stderr, "mdguest: %v\n", err)
	}
	return machine.PowerOff()
}

// tellHost sends the host the boot's description, carries the plan out unless something
// is wrong already, and reports that it is done.
func tellHost(p event.Plan, wrong ...error) error {
	l, err := link.Host()
	if err != nil {
		return err
	}
	return tell(l, p, wrong...)
}

// tell is tellHost on a link.
func tell(l *link.Link, p event.Plan, wrong ...error) error {
	info := machine.BootInfo()
	l.Send(event.Event{BootInfo: &info})
	l.StartHeartbeat()
	err := errors.Join(wrong...)
	if err == nil {
		err = carryOut(context.Background(), l, p)
	}
	done := event.Done{}
	if err != nil {
		done.Error = err.Error()
	}
	l.Send(event.Event{Done: &done})
	return l.Close()
}
