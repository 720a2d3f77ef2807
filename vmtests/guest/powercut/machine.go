// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
)

// arraysAtOnce is how many are made or assembled at a time.
const arraysAtOnce = 3

// killLimit is how long the host may take to kill the machine.
const killLimit = time.Minute

// Machine makes the arrays of a machine that the host kills, or assembles them and looks
// whether all is there that was acknowledged, and then writes until the machine is killed. It
// returns only from the last turn, or with an error.
func Machine(ctx context.Context, spec event.PowerSpec, phase func(string), report func(event.Power)) error {
	all, err := machineArrays(ctx, spec.Arrays)
	if err != nil {
		return err
	}
	first := (*machineArray).create
	if spec.Turn > 0 {
		var mu sync.Mutex
		first = func(m *machineArray) error {
			res, err := m.comeBack()
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			report(res)
			return nil
		}
	}
	if err := each(ctx, all, first); err != nil {
		return err
	}
	if spec.Last {
		phase("stop")
		return each(ctx, all, (*machineArray).rest)
	}
	phase("write")
	return writeUntilKilled(ctx, all, phase)
}

// each does something with every array, several at a time.
func each(ctx context.Context, all []*machineArray, do func(*machineArray) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(arraysAtOnce)
	for _, m := range all {
		m.SetContext(ctx)
		g.Go(func() error {
			if err := md.OnThread(func() error { return do(m) }); err != nil {
				return fmt.Errorf("%s: %s: %w", m.kind.name, m.Doing(), err)
			}
			return nil
		})
	}
	return g.Wait()
}

// writeUntilKilled has all writers at work, and says when each has something to lose.
func writeUntilKilled(ctx context.Context, all []*machineArray, phase func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, killLimit)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	var first sync.WaitGroup
	for _, m := range all {
		for _, w := range m.writers {
			first.Add(1)
			g.Go(func() error {
				if err := w.work(ctx, first.Done); err != nil {
					return fmt.Errorf("%s: %w", m.kind.name, err)
				}
				return nil
			})
		}
	}
	go func() {
		first.Wait()
		phase(event.PhaseWriting)
	}()
	if err := g.Wait(); err != nil {
		return err
	}
	return fmt.Errorf("the machine was not killed within %v", killLimit)
}
