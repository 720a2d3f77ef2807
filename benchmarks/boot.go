// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"mdlife/benchmarks/paired"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/vm"
)

// bootLimit is how many times longer than plain QEMU a guest of ours may take
// to its first result.
const bootLimit = 1.3

// plainTimeout bounds a boot by hand.
const plainTimeout = 2 * time.Minute

// Boot compares the time to a guest's first result with that of the same kernel
// and initramfs started by plain QEMU, in seconds.
type Boot struct {
	Machine string  `json:"machine"`
	Limit   float64 `json:"limit"`
	paired.Result
}

// Met reports whether the promise was kept in a run that says something.
func (b Boot) Met() bool { return b.Ratio.Median <= b.Limit }

// BootToResult compares the two on the patched kernel, in rounds.
func BootToResult(ctx context.Context, o vmtests.Options, rounds int) (Boot, error) {
	all, err := o.Build(ctx, event.Plan{})
	if err != nil {
		return Boot{}, err
	}
	dir, err := os.MkdirTemp("", "mdlife-boot-")
	if err != nil {
		return Boot{}, err
	}
	defer os.RemoveAll(dir)
	plan, err := event.Plan{}.Encode() // without one, the guest reports nothing
	if err != nil {
		return Boot{}, err
	}
	accel, err := o.DecideAccel(ctx, all.Patched, all.Image)
	if err != nil {
		return Boot{}, err
	}
	qemu, err := vm.FindQEMU()
	if err != nil {
		return Boot{}, err
	}
	plain := plainBoot{qemu: qemu, kernel: all.Patched.BzImage(), initramfs: all.Image.Path,
		machine: vm.DefaultMachine, accel: accel, plan: plan, dir: dir}
	if _, err := plain.run(ctx); err != nil { // the files' first reading counts for nobody
		return Boot{}, err
	}
	var measured []paired.Round
	for range rounds {
		r, err := bootRound(ctx, o, all, plain)
		if err != nil {
			return Boot{}, err
		}
		measured = append(measured, r)
	}
	res, err := paired.Compare(measured)
	return Boot{Machine: plain.machine, Limit: bootLimit, Result: res}, err
}

// bootRound boots by hand, through vm, and by hand again.
func bootRound(ctx context.Context, o vmtests.Options, all vmtests.Artefacts, plain plainBoot) (r paired.Round, err error) {
	if r.Before, err = plain.run(ctx); err != nil {
		return r, err
	}
	ours, err := o.RunGuest(ctx, all.Patched, all.Image, event.Plan{})
	if err != nil {
		return r, err
	}
	if r.Candidate = ours.Boot; r.Candidate == 0 {
		return r, fmt.Errorf("the guest reported nothing: %s; see %s", ours.Died, ours.Console)
	}
	r.After, err = plain.run(ctx)
	return r, err
}

// plainBoot is a QEMU command line as one would type it.
type plainBoot struct {
	qemu, kernel, initramfs, machine string
	accel                            vm.Accel
	plan                             string // kernel parameter
	dir                              string // for the console log
}

// run starts QEMU with the event port on its stdout and returns the seconds to
// the first line there, the guest's first result. Then it ends QEMU.
func (p plainBoot) run(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, plainTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.qemu, p.args()...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	took := time.Since(started)
	cancel()
	cmd.Wait() // it was killed: its exit status says nothing
	if err != nil {
		return 0, errors.Join(fmt.Errorf("plain QEMU ended without a result; see %s", p.console()), err)
	}
	return took.Seconds(), nil
}

func (p plainBoot) console() string { return filepath.Join(p.dir, "console.log") }

// args is the command line: the same machine as package vm's, nothing else.
func (p plainBoot) args() []string {
	accel := string(p.accel)
	if p.accel == vm.TCG {
		accel = "tcg,thread=multi"
	}
	return []string{
		"-M", p.machine, "-accel", accel, "-cpu", "max", "-smp", "2", "-m", "1024",
		"-nodefaults", "-no-user-config", "-nic", "none", "-display", "none", "-no-reboot",
		"-kernel", p.kernel, "-initrd", p.initramfs, "-append", "console=ttyS0 panic=-1 " + p.plan,
		"-serial", "file:" + p.console(),
		// A file, for QEMU takes the end of stdin for the end of a stdio device.
		"-device", "virtio-serial-pci",
		"-chardev", "file,id=events,path=/dev/stdout", "-device", "virtserialport,chardev=events,name=" + event.Port,
	}
}
