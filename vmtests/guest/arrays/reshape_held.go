// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"time"

	"mdlife/vmtests/guest/array"
)

// reshapeHeld are reshapes that are interrupted while I/O waits for them: reads and writes of what has
// been moved, but not been written down as moved. No I/O may fail, none may take a CPU's time while it
// waits, and who suspends the array must not wait for it.
var reshapeHeld = rows([]heldReshape{
	{name: "frozen", interrupt: func(a *array.Array) error { return a.Set("sync_action", "frozen") }, stays: true},
	{name: "idle", interrupt: func(a *array.Array) error { return a.Set("sync_action", "idle") }},
	{name: "lost", interrupt: func(a *array.Array) error { return a.Set(array.MemberDir(a.Members[2])+"/state", "faulty") }},
}, func(_ int, h heldReshape) scenario {
	return scenario{name: "reshape-held-io-" + h.name, on: array.HasChange("grow"), run: h.run}
})

// heldReshape is a way to interrupt a reshape.
type heldReshape struct {
	name      string
	interrupt func(*array.Array) error
	stays     bool // until somebody has it go on
}

func (h heldReshape) run(a *array.Array) (string, error) {
	c, _ := a.Personality.ChangeNamed("grow")
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	return "I/O has waited", array.Steps(
		a.Step("make disks", a.UseGates),
		a.Step("create", a.Create(recipe)),
		// Else the array becomes clean when nothing was written for a while, and that waits for the gate.
		a.Step("write", a.Setting("safe_mode_delay", "0"), a.Write),
		a.Step("reshape", func() error { return a.Prepare(c) }, a.Reshape),
		a.Step("I/O waits for it", func() error { return h.hold(a) }),
		a.Step("end the reshape", a.EndReshape, a.Verify, a.CheckMembersAgree),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// hold has I/O wait for a reshape that is interrupted, and go on with it.
func (h heldReshape) hold(a *array.Array) error {
	gate := a.Gates[1]
	if err := array.Steps(a.SettleUdev, gate.Shut, a.LetGo, a.WaitForStuck); err != nil {
		return errors.Join(err, gate.Open())
	}
	io := a.ReadBlocks(true, array.FirstBlocks(array.RunBlocks)...)
	io = append(io, a.RewriteBlocks(array.FirstBlocks(array.RunBlocks)[:2]...)...)
	err := a.Held(io...)
	var interrupted *array.Call
	if err == nil {
		interrupted = array.Begin(h.name+" reshape", func() error { return h.interrupt(a) })
		err = a.Held(interrupted)
	}
	if err := errors.Join(err, gate.Open()); err != nil {
		return err
	}
	if err := interrupted.End(array.CallLimit); err != nil {
		return err
	}
	if !h.stays {
		return io.End()
	}
	waits := array.Steps(func() error { return takesNoCPU(io) }, func() error { return suspend(a) })
	if errors.Is(waits, array.ErrHangs) {
		return waits
	}
	// Also where I/O takes a CPU's time: it would for as long as the guest runs.
	goesOn := array.Timely("reshape > md/sync_action", a.Action("reshape"))()
	if err := errors.Join(waits, goesOn); err != nil {
		return errors.Join(err, io.End())
	}
	return io.End()
}

// idleTime is for how long I/O must take no time of a CPU, and atMost what is none.
const (
	idleTime = time.Second
	atMost   = 100 * time.Millisecond
)

// takesNoCPU fails if I/O that waits takes a CPU's time.
func takesNoCPU(io array.BlockIO) error {
	before, err := io.CPUTime()
	if err != nil {
		return err
	}
	time.Sleep(idleTime)
	after, err := io.CPUTime()
	if err != nil {
		return err
	}
	if took := after - before; took > atMost {
		return fmt.Errorf("I/O that waits for a frozen reshape takes %v of a CPU in %v", took, idleTime)
	}
	return nil
}

// suspend has the array suspended a moment, as mdadm --grow does.
func suspend(a *array.Array) error {
	return array.Steps(
		array.Timely("1 > md/suspend_lo", a.Setting("suspend_lo", "1")),
		array.Timely("0 > md/suspend_lo", a.Setting("suspend_lo", "0")),
	)
}
