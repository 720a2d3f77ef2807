// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"

	"mdlife/vmtests/guest/array"
)

// reshapeStops stop a reshape at one of its first checkpoints, when it has gone as far as it may
// before it has to write down how far it is: what it has not written down must not be overwritten.
// A member that does not answer holds it there. Or they cut the power of all members there.
var reshapeStops = rows([]stopEarly{
	{name: "stop", change: "grow"}, {name: "stop", change: "chunk"}, {name: "stop", change: "chunk-back"}, {name: "stop", change: "layout"},
	{name: "cut", change: "grow", cut: true}, {name: "cut", change: "chunk", cut: true},
}, func(_ int, e stopEarly) scenario {
	company := array.ReadsOnly // it is to be clean when it is stopped
	if e.cut {
		company = array.NoCompany
	}
	return scenario{name: "reshape-" + e.name + "-early-" + e.change, on: array.HasChange(e.change), company: company, run: e.run}
})

// stopEarly is a reshape that is stopped early.
type stopEarly struct {
	name   string
	change string
	cut    bool
}

// checkpoints are where a reshape is let go on, in KiB, and then stopped before the next time that it
// writes down where it is.
var checkpoints = []int{0, 256}

func (e stopEarly) run(a *array.Array) (string, error) {
	if err := a.Do("make disks", a.UseGates); err != nil {
		return "", err
	}
	for i, from := range checkpoints {
		if err := e.stop(a, from, array.StopWay(i)); err != nil {
			return "", fmt.Errorf("stopped behind %d KiB: %w", from, err)
		}
	}
	return fmt.Sprintf("stopped at %d checkpoints", len(checkpoints)), nil
}

// stop makes an array, stops its reshape at the first checkpoint behind a place, and looks.
func (e stopEarly) stop(a *array.Array, from int, way string) error {
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	c, _ := a.Personality.ChangeNamed(e.change)
	off, on := func() error { return nil }, func() error { return nil }
	if e.cut {
		off, on = a.BreakGates, a.MendGates
	}
	return array.Steps(
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.BeOwn, a.Write),
		a.Step("reshape", func() error { return a.Prepare(c) }, a.Reshape, func() error { return goTo(a, from) },
			a.WaitForClean),
		// A read of what has moved and is not written down waits for the reshape, and a stop for the reader.
		a.Unwatched(
			a.Step("interrupt it", func() error { return interrupt(a) }),
			a.Step(e.name+" by "+way, off, a.Stop(way), on)),
		a.Step("assemble", func() error { return a.Assemble(a.After(c)) }, a.Verify),
		a.Step("end the reshape", a.EndReshape, a.Verify, a.CheckMembersAgree),
		a.Step("stop again", a.Stop(array.ByMdadm), a.WipeMembers),
	)
}

// goTo lets the reshape go on to a place, which it writes down.
func goTo(a *array.Array, kib int) error {
	if kib == 0 {
		return nil
	}
	return array.Steps(func() error { return a.HoldAt(kib) }, a.WaitForHold)
}

// interrupt lets the reshape go on until it must write down where it is, but first wait for a
// member, and ends it there.
func interrupt(a *array.Array) error {
	gate := a.Gates[1]
	if err := array.Steps(a.SettleUdev, gate.Shut, a.LetGo, a.WaitForStuck); err != nil {
		return errors.Join(err, gate.Open())
	}
	frozen := array.Begin("frozen > md/sync_action", a.Action("frozen"))
	err := a.Held(frozen)
	if err := errors.Join(err, gate.Open()); err != nil {
		return err
	}
	return frozen.End(array.CallLimit)
}
