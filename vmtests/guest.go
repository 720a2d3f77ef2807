// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mdlife/initramfs"
	"mdlife/internal/progress"
	"mdlife/kernel"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/verdict"
	"mdlife/vmtests/vm"
)

// RunGuest boots one kernel, has it carry out plan and returns what it
// reported. A guest that dies is no error but a result that says so; an error
// means that it could not be started, that its console could not be kept, or that
// ctx was cancelled.
func (o Options) RunGuest(ctx context.Context, a Artefact, image initramfs.Image, plan event.Plan) (verdict.Guest, error) {
	cfg, image, err := o.guest(ctx, a, image, plan)
	if err != nil {
		return verdict.Guest{}, err
	}
	show := &phaseShow{tracker: o.Progress, guest: a.Label}
	show.next("boot")
	cfg.OnEvent = show.event
	res, err := vm.Run(ctx, cfg)
	show.end(err)
	if ctx.Err() != nil {
		return verdict.Guest{}, ctx.Err()
	}
	k := verdict.Guest{
		Label: a.Label, Unpatched: a.Unpatched, Key: a.Key, Release: a.Release, Version: a.Version, Tree: a.Tree, SHA256: a.SHA256,
		Initramfs: image.Key, Accel: string(res.Accel), Machine: res.Machine, Console: cfg.ConsoleLog,
		Boot: res.BootToHello.Seconds(), Wall: res.Wall.Seconds(),
		Plan: plan, Events: res.Events, Findings: append(res.Findings, res.Allowed...),
	}
	if err == nil {
		return k, nil
	}
	var failure *vm.Failure
	if !errors.As(err, &failure) {
		return k, err // this machine's fault: QEMU never ran, or the disk is full
	}
	k.Trace = failure.Error()
	if len(failure.Findings) == 0 || !isDone(res.Events) {
		k.Died = failure.Reason
	}
	return k, nil
}

// guest is the machine on which a kernel carries out a plan, and the image with what is
// made for that kernel.
func (o Options) guest(ctx context.Context, a Artefact, image initramfs.Image, plan event.Plan) (vm.Config, initramfs.Image, error) {
	if err := os.MkdirAll(o.Results(), 0o755); err != nil {
		return vm.Config{}, image, err
	}
	image, err := a.Image(ctx, image, len(plan.Windows) > 0)
	if err != nil {
		return vm.Config{}, image, err
	}
	accel, err := o.DecideAccel(ctx, a, image)
	if err != nil {
		return vm.Config{}, image, err
	}
	name := strings.ReplaceAll(a.Label, " ", "-")
	return vm.Config{
		Name:       name,
		Kernel:     a.BzImage(),
		Initramfs:  image.Path,
		ConsoleLog: filepath.Join(o.Results(), "console-"+name+".log"),
		Plan:       slowed(plan, a.Slow),
		Append:     slices.Concat(disks(plan, a.Slow), o.Append),
		MemMiB:     memory(plan),
		Accel:      accel,
		Silence:    silence * time.Duration(a.Slow),
		Timeout:    timeout(plan, a.Slow),
		Allow:      allowed(o.Base.Name, a.Unpatched),
	}, image, nil
}

// cellsMiB has room for all of brd's disks, of 64 MiB each, which few cells fill, and for
// the rest.
const cellsMiB = array.Disks*64 + 640

// disks are the kernel parameters for a plan that takes more disks of brd than there are.
// A slow kernel's cells would not be faster for it: they do not wait half of their time.
func disks(plan event.Plan, slow int) []string {
	if len(plan.Cells) == 0 || slow > 1 {
		return nil
	}
	return []string{fmt.Sprintf("brd.rd_nr=%d", array.Disks)}
}

// memory is more than the usual for a plan whose disks may fill up, 0 for the usual.
func memory(plan event.Plan) int {
	if len(plan.Cells) == 0 {
		return 0
	}
	return cellsMiB
}

// BootAlone boots a kernel that need not keep any requirement, has it race for a
// moment, and fails if it does not come through, or says something in its
// console that it should not.
func (o Options) BootAlone(ctx context.Context, built kernel.Result, image initramfs.Image) error {
	a := Artefact{Result: built, Label: "alone", Slow: 1}
	spec := event.RaceSpec{Name: "ioctl", Stop: event.StopIoctl, Openers: openers, Millis: 500}
	k, err := o.RunGuest(ctx, a, image, RacePlan(1, spec))
	if err == nil && (k.Died != "" || k.Trace != "") {
		err = errors.New(k.Died + k.Trace)
	}
	return err
}

// isDone reports whether the guest carried out its whole plan.
func isDone(events []event.Event) bool {
	return slices.ContainsFunc(events, func(e event.Event) bool { return e.Done != nil })
}

// DecideAccel returns the accelerator that a guest with this kernel and image runs on; see
// [vm.Choice].
func (o Options) DecideAccel(ctx context.Context, a Artefact, image initramfs.Image) (vm.Accel, error) {
	accel, note, err := o.Accel.Decide(ctx, a.BzImage(), image.Path)
	if note != "" {
		o.Progress.Printf("    note  %s", note)
	}
	return accel, err
}

// phaseShow turns a guest's events into phases of the progress display.
type phaseShow struct {
	tracker *progress.Tracker
	guest   string
	name    string
	phase   *progress.Phase
}

// next ends the running phase and begins another, unless name is running.
func (s *phaseShow) next(name string) {
	if name == s.name {
		return
	}
	s.phase.End(nil)
	s.name = name
	s.phase = s.tracker.Start(s.guest + ": " + name)
}

// event is called with every event of the guest, in order.
func (s *phaseShow) event(e event.Event) {
	switch {
	case e.Heartbeat != nil && e.Heartbeat.Phase != "":
		s.next(e.Heartbeat.Phase)
		s.phase.Step(e.Heartbeat.Done, 0)
	case e.BootInfo != nil:
		s.next("start")
	case e.Done != nil:
		s.next("power off")
	}
}

// end closes the last phase.
func (s *phaseShow) end(err error) { s.phase.End(err) }
