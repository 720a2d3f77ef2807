// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// reshapeReads have reads come while a reshape begins: each must return its block. While the
// array changes to another geometry, some reads are under way to members, others come and have
// to wait. Those must not be carried out with one geometry's place and another's data offset.
var reshapeReads = rows([]string{"grow", "chunk", "chunk-back", "layout"}, func(_ int, change string) scenario {
	return scenario{name: "reshape-reads-" + change, on: array.HasChange(change), run: func(a *array.Array) (string, error) {
		c, _ := a.Personality.ChangeNamed(change)
		return readsAtBegin{change: c}.run(a)
	}}
})

// readsAtBegin are reads at the beginning of a reshape.
type readsAtBegin struct {
	change array.Change
}

// How many reads are under way when the reshape begins, and how many come then.
const (
	earlyReads = array.RunBlocks
	lateReads  = 32
)

func (r readsAtBegin) run(a *array.Array) (string, error) {
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	return fmt.Sprintf("%d reads", earlyReads+lateReads), array.Steps(
		a.Step("make disks", a.UseGates),
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.BeOwn, a.Write),
		a.Step("prepare a reshape", func() error { return a.Prepare(r.change) }, a.DropCache,
			a.WaitForClean),
		a.Step("read while it begins", func() error { return r.read(a) }),
		a.Step("reshape", a.EndReshape, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// read has reads wait for members, the reshape's beginning for these, and more reads for that,
// and lets all go on. Blocks that were read through the page cache must be right in it.
func (r readsAtBegin) read(a *array.Array) error {
	if err := a.ShutGates(); err != nil {
		return err
	}
	early := a.ReadBlocks(true, array.FirstBlocks(earlyReads)...)
	if err := array.Steps(func() error { return a.Held(early...) }, func() error { return someWait(early) }); err != nil {
		return errors.Join(err, a.OpenGates())
	}
	begin := array.Begin("reshape > md/sync_action", func() error { return giveWay(a.BeginChange) })
	err := a.Held(begin)
	cached := a.SomeBlocks(lateReads / 2)
	late := append(a.ReadBlocks(true, a.SomeBlocks(lateReads/2)...), a.ReadBlocks(false, cached...)...)
	if err == nil {
		err = a.Held(late...)
	}
	if err := errors.Join(err, a.OpenGates()); err != nil {
		return err
	}
	return array.Steps(
		func() error { return begin.End(array.CallLimit) },
		func() error { return append(early, late...).End() },
		array.Prefixed("once more, from the page cache", func() error { return a.ReadBlocks(false, cached...).End() }),
	)
}

// someWait fails unless a read waits: then nothing would be held.
func someWait(reads array.BlockIO) error {
	for _, r := range reads {
		if !r.Over() {
			return nil
		}
	}
	return errors.New("no read waits for members that do not answer")
}

// giveWay has a call give the CPU to all whom it wakes: before 6.12 reads go on a moment before the
// reshape has begun.
func giveWay(call func() error) error {
	idle := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
	if err := unix.SchedSetAttr(0, &idle, 0); err != nil {
		return err
	}
	return call()
}
