// SPDX-License-Identifier: BSD-3-Clause

// Package checks tests the requirements on md's devices, one small function
// each, named after the requirement (docs/requirements.md). Package race tests those
// that only a race can show, except for R23, which is raced here step by step.
package checks

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/machine"
)

// DefaultLimit is how long a check may take before it counts as hung, unless
// told otherwise. The longest takes 2 s, and some 40 s with KASAN and lockdep.
const DefaultLimit = 120 * time.Second

// Run runs the checks whose names begin with one of prefixes, or all if there
// are none, and reports each. Arrays are made of a pair of members, the first that
// is free. A check that takes longer than limit hangs and ends the run: the checks
// after it are reported as failed.
func Run(ctx context.Context, pairs [][]string, prefixes []string, limit time.Duration, report func(event.Check)) error {
	chosen, err := choose(prefixes)
	if err != nil {
		return err
	}
	e, err := newEnv(pairs)
	if err != nil {
		return err
	}
	defer e.end()
	hung := ""
	for _, c := range chosen {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if hung != "" {
			report(event.Check{Name: c.name, Requirement: c.requirement, Detail: "not run, since " + hung + " hangs"})
			continue
		}
		if err := e.chooseMembers(); err != nil {
			return err
		}
		res, ok := runOn(c, e, e.cleanUp, limit)
		report(res)
		if !ok {
			hung = c.name
		}
	}
	return nil
}

// outcome is how a check ended.
type outcome struct {
	detail string
	err    error
}

// runOn runs a check on a thread of its own, and cleanUp on the same. It returns
// false where the check hangs.
func runOn(c check, e *env, cleanUp func() error, limit time.Duration) (event.Check, bool) {
	res := event.Check{Name: c.name, Requirement: c.requirement}
	start := time.Now()
	done := make(chan outcome, 1)
	tid := make(chan int, 1)
	go func() {
		runtime.LockOSThread()
		tid <- unix.Gettid()
		done <- c.guarded(e, cleanUp)
	}()
	hangs := false
	select {
	case o := <-done:
		res.OK, res.Detail = o.err == nil, o.detail
		if o.err != nil {
			res.Detail = o.err.Error()
		}
	case <-time.After(limit):
		hangs = true
		res.Detail = fmt.Sprintf("hangs for %v in the kernel at %s", limit, machine.KernelStack(<-tid))
	}
	res.Seconds = time.Since(start).Seconds()
	return res, !hangs
}

// guarded runs the check, and turns a panic into an error.
func (c check) guarded(e *env, cleanUp func() error) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o.err = fmt.Errorf("panic: %v at %s", p, strings.Join(strings.Fields(string(debug.Stack())), " "))
		}
	}()
	if o.err = md.LockThread(); o.err != nil {
		return o
	}
	o.detail, o.err = c.run(e)
	if err := cleanUp(); err != nil && o.err == nil {
		o.err = fmt.Errorf("clean up afterwards: %w", err)
	}
	return o
}
