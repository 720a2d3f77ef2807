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

// RunGuest boots one kernel, which carries out the plan, and returns what it reported. A
// guest that dies is a result with Died set, not an error. An error means that the guest
// could not be started, that its console could not be kept, or that ctx was cancelled.
func (o Options) RunGuest(ctx context.Context, a Artefact, image initramfs.Image, plan event.Plan) (verdict.Guest, error) {
	return o.runGuest(ctx, a, image, plan, boot{nth: 1})
}

// boot says which of a kernel's guests one is.
type boot struct {
	nth  int           // from 1
	left time.Duration // how long it may take, if that is less than its plan's limit; 0: its plan's
}

// of is the name of a kernel's guest, with what stands before a later one's number.
func (b boot) of(name, before string) string {
	if b.nth <= 1 {
		return name
	}
	return fmt.Sprint(name, before, b.nth)
}

// limit is how long the guest may take.
func (b boot) limit(plan time.Duration) time.Duration {
	if b.left > 0 {
		return min(b.left, plan)
	}
	return plan
}

// runGuest is RunGuest for a guest that may be a later one of its kernel.
func (o Options) runGuest(ctx context.Context, a Artefact, image initramfs.Image, plan event.Plan, b boot) (verdict.Guest, error) {
	cfg, image, err := o.guest(ctx, a, image, plan)
	if err != nil {
		return verdict.Guest{}, err
	}
	cfg.Name, cfg.Timeout = b.of(cfg.Name, "-"), b.limit(cfg.Timeout)
	cfg.ConsoleLog = filepath.Join(o.Results(), "console-"+cfg.Name+".log")
	show := &phaseShow{tracker: o.Progress, guest: b.of(a.Label, ", boot ")}
	show.next("boot")
	cfg.OnEvent = show.event
	res, err := vm.Run(ctx, cfg)
	show.end(err)
	if ctx.Err() != nil {
		return verdict.Guest{}, ctx.Err()
	}
	k := verdict.Guest{
		Label: a.Label, Unpatched: a.Unpatched, Key: a.Key, Release: a.Release, Version: a.Version, Tree: a.Tree, SHA256: a.SHA256,
		Initramfs: image.Key, Userspace: userspaceOf(image), Accel: string(res.Accel), Machine: res.Machine, Console: cfg.ConsoleLog,
		Boot: res.BootToHello.Seconds(), Wall: res.Wall.Seconds(),
		Plan: plan, Events: res.Events, Before: res.Before, Findings: append(res.Findings, res.Allowed...),
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

// userspaceOf says what an image has of Debian.
func userspaceOf(image initramfs.Image) verdict.Userspace {
	c := image.Contents
	return verdict.Userspace{Suite: c.Userspace, Mdadm: c.Mdadm, Udev: c.Udev}
}

// guest returns the machine on which a kernel carries out a plan, and the image with the
// modules of that kernel.
func (o Options) guest(ctx context.Context, a Artefact, image initramfs.Image, plan event.Plan) (vm.Config, initramfs.Image, error) {
	if err := os.MkdirAll(o.Results(), 0o755); err != nil {
		return vm.Config{}, image, err
	}
	image, err := a.Image(ctx, image, len(plan.Windows) > 0 || len(plan.Cells) > 0)
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

// casesMiB is the memory of a guest for arrays' test cases: the disks of brd of all that run at
// once, of 64 MiB each, which few cases fill, and the rest.
const casesMiB = array.Workers*array.DisksEach*64 + 640

// disks returns the kernel parameters for a plan that takes more disks of brd than the
// default. A slow kernel gets none: its test cases do not wait for half of their time, so
// that more of them at once would not be faster.
func disks(plan event.Plan, slow int) []string {
	if len(plan.Cells) == 0 || slow > 1 {
		return nil
	}
	return []string{fmt.Sprintf("brd.rd_nr=%d", array.Disks)}
}

// memory returns the guest's memory in MiB for a plan, 0 for the default.
func memory(plan event.Plan) int {
	if len(plan.Cells) == 0 {
		return 0
	}
	return casesMiB
}

// BootAlone boots a kernel that need not keep any requirement, for example one with the
// first half of a series, and races in it for half a second. It fails if the guest dies, or
// if its console has a finding.
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
