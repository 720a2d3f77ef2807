// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mdlife/initramfs"
	"mdlife/kernel"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
	"mdlife/vmtests/vm"
)

// longestLife is how long a machine may live at the most once it can be killed.
const longestLife = 400 * time.Millisecond

// PowerTest says how to kill machines.
type PowerTest struct {
	Variant kernel.Variant
	Arrays  []string // by name; none: all
	Turns   int      // how often
	Seed    uint64   // of when
}

// Power has a guest write to arrays, kills QEMU in the middle, and has the next guest
// assemble the arrays and look, again and again. The disks are files, which stay
// where something was lost or went wrong.
func (o Options) Power(ctx context.Context, t PowerTest) (verdict.PowerCuts, error) {
	image, err := o.BuildImage(ctx, event.Plan{})
	if err != nil {
		return verdict.PowerCuts{}, err
	}
	a, err := o.BuildKernel(ctx, t.Variant)
	if err != nil {
		return verdict.PowerCuts{}, err
	}
	disks, err := o.powerDisks()
	if err != nil {
		return verdict.PowerCuts{}, err
	}
	res := verdict.PowerCuts{Label: a.Label, Seed: t.Seed, Userspace: userspaceOf(image)}
	phase := o.Progress.Start(a.Label + ": power cuts")
	rng := rand.New(rand.NewPCG(t.Seed, 0))
	for turn := 0; turn <= t.Turns; turn++ {
		phase.Step(turn, t.Turns)
		spec := event.PowerSpec{Arrays: t.Arrays, Turn: turn, Last: turn == t.Turns}
		life := time.Duration(rng.Int64N(int64(longestLife)))
		if err = o.powerTurn(ctx, a, image, disks, spec, life, &res); err != nil {
			break
		}
	}
	phase.End(err)
	if ctx.Err() != nil || err == nil && len(verdict.Broken(res.Results())) == 0 {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(disks[0].Path)))
	}
	return res, err
}

// powerDisks makes the machine's disks: files that are all zeros.
func (o Options) powerDisks() ([]vm.Disk, error) {
	dir := filepath.Join(o.ComparisonResults(), "power")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return nil, err
	}
	var disks []vm.Disk
	add := func(serial string, mib int64) error {
		path := filepath.Join(dir, serial+".img")
		disks = append(disks, vm.Disk{Path: path, Serial: serial})
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			return err
		}
		return os.Truncate(path, mib<<20)
	}
	for i := range event.PowerDisks {
		if err := add(fmt.Sprintf("%s%d", event.MemberDisk, i), event.PowerDiskMiB); err != nil {
			return nil, err
		}
	}
	return disks, add(event.LedgerDisk, event.LedgerMiB)
}

// powerTurn boots the machine and kills it life after it can be killed, unless it is
// the last time. An error says that it came to grief before.
func (o Options) powerTurn(ctx context.Context, a Artefact, image initramfs.Image, disks []vm.Disk, spec event.PowerSpec, life time.Duration, res *verdict.PowerCuts) error {
	cfg, _, err := o.guest(ctx, a, image, event.Plan{Power: &spec})
	if err != nil {
		return err
	}
	machine, kill := context.WithCancelCause(ctx)
	defer kill(nil)
	var once sync.Once
	cfg.Disks = disks
	cfg.OnEvent = func(e event.Event) {
		switch {
		case e.Power != nil:
			res.Add(*e.Power)
		case e.Heartbeat != nil && e.Heartbeat.Phase == event.PhaseWriting:
			once.Do(func() { time.AfterFunc(life, func() { kill(errKilled) }) })
		}
	}
	run, err := vm.Run(machine, cfg)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(run.Findings) > 0:
		return fmt.Errorf("turn %d: %s; whole console: %s", spec.Turn, run.Findings[0].Title, cfg.ConsoleLog)
	case context.Cause(machine) == errKilled && !spec.Last:
		res.Cuts++
		return nil
	case err == nil && spec.Last && doneWell(run.Events):
		return nil
	}
	return fmt.Errorf("turn %d: %s", spec.Turn, errors.Join(err, whyDone(run.Events)))
}

var errKilled = errors.New("killed")

// doneWell tells whether the guest said that it has carried out its plan.
func doneWell(events []event.Event) bool { return isDone(events) && whyDone(events) == nil }

// whyDone is what the guest says that went wrong.
func whyDone(events []event.Event) error {
	for _, e := range events {
		if e.Done != nil && e.Done.Error != "" {
			return errors.New(e.Done.Error)
		}
	}
	return nil
}
