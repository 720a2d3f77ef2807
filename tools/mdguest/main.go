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

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "mdguest: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
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
			return byHand(func(ctx context.Context) error {
				if err := windows.Check(args[1:]); err != nil { // once, and not for each of both halves
					return err
				}
				l := link.Lines(os.Stdout)
				return errors.Join(runWindows(ctx, l, args[1:], false), runWindows(ctx, l, args[1:], true))
			})
		case "plan":
			return byHand(func(ctx context.Context) error { return planByHand(ctx, args[1:]) })
		}
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	return asInit()
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

func planByHand(ctx context.Context, args []string) error {
	var p event.Plan
	if len(args) != 1 {
		return fmt.Errorf("one plan is wanted; %s", usage)
	}
	if err := json.Unmarshal([]byte(args[0]), &p); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	l := link.Lines(os.Stdout)
	hello := machine.Hello()
	l.Send(event.Event{Hello: &hello})
	l.Beat()
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

// tellHost says hello, carries the plan out unless something is wrong already,
// and says that it is done.
func tellHost(p event.Plan, wrong ...error) error {
	l, err := link.Host()
	if err != nil {
		return err
	}
	hello := machine.Hello()
	l.Send(event.Event{Hello: &hello})
	l.Beat()
	done := event.Done{}
	for _, err = range wrong {
		if err != nil {
			break
		}
	}
	if err == nil {
		err = carryOut(context.Background(), l, p)
	}
	if err != nil {
		done.Error = err.Error()
	}
	l.Send(event.Event{Done: &done})
	return l.Close()
}
