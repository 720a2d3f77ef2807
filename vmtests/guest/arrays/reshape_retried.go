// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"

	"mdlife/vmtests/guest/array"
)

// reshapeRetried have reads fail while a reshape, which has changed the geometry already, waits for them. They
// are tried again, and must be where nothing has been moved yet.
var reshapeRetried = rows([]string{"grow", "chunk", "chunk-back", "layout"}, func(_ int, change string) scenario {
	on := func(p array.Personality) bool { return p.Parity() && array.HasChange(change)(p) }
	return scenario{name: "reshape-reads-retried-" + change, on: on, company: array.ReadsOnly, run: func(a *array.Array) (string, error) {
		c, _ := a.Personality.ChangeNamed(change)
		return readsRetried{change: c}.run(a)
	}}
})

// readsRetried are reads that a member fails when a reshape begins.
type readsRetried struct {
	change array.Change
	dust   *array.Mapped // the member
}

// How many of the first blocks are read. Those of the member that fails are in its first bad sectors: it
// has data from array.DataOffset on, which is array.BadFirst.
const retriedReads = 2 * array.RunBlocks

func (r readsRetried) run(a *array.Array) (string, error) {
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	return fmt.Sprintf("%d reads", retriedReads), array.Steps(
		a.Step("make disks", func() (err error) {
			r.dust, err = a.UseDust()
			return err
		}, a.UseGates),
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.BeOwn, a.Write),
		a.Step("prepare a reshape", func() error { return a.Prepare(r.change) }, a.DropCache, a.WaitForClean),
		a.Unwatched(a.Step("reads fail while it begins", a.SettleUdev, func() error { return r.read(a) })),
		a.Step("reshape", func() error { return r.dust.Sweep() }, a.EndReshape, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// read has reads wait for members, and the reshape's beginning for these. Then a member fails those that are its.
func (r readsRetried) read(a *array.Array) error {
	if err := array.Steps(func() error { return r.dust.Dust(array.BadFirst, array.FewBadEnd) }, a.ShutGates); err != nil {
		return err
	}
	blocks := make([]uint64, retriedReads)
	for i := range blocks {
		blocks[i] = uint64(i)
	}
	reads := a.ReadBlocks(true, blocks...)
	if err := a.Held(reads...); err != nil {
		return errors.Join(err, a.OpenGates())
	}
	begin := array.Begin("reshape > md/sync_action", a.BeginChange)
	err := a.Held(begin)
	if err == nil && begin.Over() {
		err = fmt.Errorf("no power: the reshape does not wait for the reads, but has returned: %v", begin.End(array.CallLimit))
	}
	if err = errors.Join(err, a.OpenGates()); err != nil {
		return err
	}
	return array.Steps(reads.End, func() error { return r.someFailed(a) }, func() error { return begin.End(array.CallLimit) })
}

// someFailed fails unless md has put right what the member could not read.
func (r readsRetried) someFailed(a *array.Array) error {
	attr := array.MemberDir(a.Members[1]) + "/errors"
	if n, err := a.Attr(attr); err != nil || n == "0" {
		return fmt.Errorf("no power: md/%s is %q (%v)", attr, n, err)
	}
	return nil
}
