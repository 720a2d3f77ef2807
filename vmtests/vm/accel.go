// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/kernel"
)

// Accel is what executes the guest's instructions.
type Accel string

// The accelerators.
const (
	KVM Accel = "kvm" // the host's CPU
	TCG Accel = "tcg" // QEMU's emulation, one thread a virtual CPU

	// Counted is TCG with a clock that goes by the instructions executed, 2 ns
	// each, and jumps to the next timer where the guest has nothing to do: times
	// by it hardly depend on the host. Only for measuring, and on one CPU: with
	// two, a kernel hangs when it starts the second.
	Counted Accel = "tcg-counted"
)

// kvmDevice is where KVM is found.
const kvmDevice = "/dev/kvm"

// probeLimit is how long a boot sector may take to say hello: with a KVM that
// works it takes a fifth of a second.
var probeLimit = 3 * time.Second

// probeSilence is how long a kernel that is tried may say nothing: with a KVM that
// works it is up within a second.
const probeSilence = 10 * time.Second

func (a Accel) check() error {
	if a != KVM && a != TCG && a != Counted {
		return fmt.Errorf("accelerator %q: want kvm or tcg", string(a))
	}
	return nil
}

func (a Accel) args() []string {
	switch a {
	case KVM:
		return []string{"-accel", "kvm"}
	case Counted:
		return []string{"-accel", "tcg,thread=single", "-icount", "shift=1,sleep=off"}
	default:
		return []string{"-accel", "tcg,thread=multi"}
	}
}

// kernelArgs are the kernel parameters with which the accelerator does better.
//
// An emulated TSC is the host's, the same on every virtual CPU. The kernel does
// not know that and would take the HPET, each read of which leaves the guest
// under QEMU's one big lock: clocks would slow the races and line them up.
//
// A delay loop need not be measured (0.1 s a boot): for that of a TSC of 4 GHz, all
// delays are long enough.
//
// QEMU translates a program anew for each place where it finds it in memory: with
// that chosen at random, the mdadm loop takes half as long again, and twice the CPU.
func (a Accel) kernelArgs() []string {
	if a != KVM {
		return []string{"tsc=reliable", "lpj=16000000", "norandmaps"}
	}
	return nil
}

// cpu is the richest CPU model.
func (a Accel) cpu() string {
	if a == KVM {
		return "host"
	}
	// Five-level page tables only make the emulated walks longer, and SMAP each
	// access of the kernel to user memory slower.
	return "max,la57=off,smap=off"
}

// Probe is an answer to which accelerator to use.
type Probe struct {
	Accel  Accel  `json:"accel"`
	Booted bool   `json:"booted"` // a whole kernel has run on it; asked only of KVM
	Note   string `json:"note"`   // why, one line; "" if there is nothing to say
	Host   string `json:"host"`   // what the answer holds for

	Neither bool `json:"-"` // TCG does not boot the kernel that was tried either
}

// settled tells whether there is nothing left to try.
func (p Probe) settled() bool { return p.Accel == TCG || p.Booted }

// probing keeps two guests that start at once from trying the same.
var probing sync.Mutex

// ProbeAccel chooses the accelerator: MDLIFE_ACCEL if set, else KVM where it
// truly runs a guest, else TCG. A /dev/kvm that is there may hang its guests at
// once, or at the first instruction that it does not know, so a boot sector is
// started on it, and then the kernel with the initramfs, if they are not "". The
// answer is remembered in the cache until QEMU, the device, or the running kernel
// change.
func ProbeAccel(ctx context.Context, kernelImage, initramfs string) (Probe, error) {
	if a := Accel(os.Getenv("MDLIFE_ACCEL")); a != "" {
		if err := a.check(); err != nil {
			return Probe{}, fmt.Errorf("MDLIFE_ACCEL: %w", err)
		}
		return Probe{Accel: a, Note: "MDLIFE_ACCEL says so"}, nil
	}
	return probeHost(ctx, kernelImage, initramfs)
}

// CheckKVM says so where KVM is asked for and does not run a guest: what ProbeAccel
// finds out, without the choice. A kernel that no accelerator boots is not KVM's
// fault. Where MDLIFE_ACCEL says kvm, that is taken for it.
func CheckKVM(ctx context.Context, kernelImage, initramfs string) error {
	if Accel(os.Getenv("MDLIFE_ACCEL")) == KVM {
		return nil
	}
	p, err := probeHost(ctx, kernelImage, initramfs)
	if err != nil {
		return err
	}
	return p.refusal()
}

// refusal is why a guest cannot have KVM.
func (p Probe) refusal() error {
	if p.Accel == KVM || p.Neither {
		return nil
	}
	return fmt.Errorf("-accel kvm: %s does not run this kernel here: %s; leave -accel out for emulation",
		kvmDevice, strings.TrimPrefix(p.Note, noKVM))
}

// probeHost is ProbeAccel without MDLIFE_ACCEL.
func probeHost(ctx context.Context, kernelImage, initramfs string) (Probe, error) {
	program, err := findQEMU()
	if err != nil {
		return Probe{}, err
	}
	dir, err := kernel.CacheDir()
	if err != nil {
		return Probe{}, err
	}
	probing.Lock()
	defer probing.Unlock()
	var boot func(Accel) error
	if kernelImage != "" && initramfs != "" {
		boot = func(a Accel) error { return bootKernelOn(ctx, a, kernelImage, initramfs) }
	}
	return probe(ctx, program, kvmDevice, filepath.Join(dir, "accel.json"), boot)
}

// probe is ProbeAccel with everything that it looks at. boot boots a kernel; nil if
// there is none.
func probe(ctx context.Context, program, device, memory string, boot func(Accel) error) (Probe, error) {
	host := hostIdentity(program, device)
	var p Probe
	data, err := os.ReadFile(memory)
	known := err == nil && json.Unmarshal(data, &p) == nil && p.Host == host && p.Accel.check() == nil
	if known && (p.settled() || boot == nil) {
		return p, nil
	}
	if !known {
		p = Probe{Accel: KVM, Host: host}
		if err := tryKVM(ctx, program, device); err != nil {
			p.Accel, p.Note = TCG, noKVM+err.Error()
		}
	}
	keep := true
	if p.Accel == KVM && boot != nil {
		p, keep = whichBoots(p, boot)
	}
	if ctx.Err() != nil {
		return Probe{}, ctx.Err()
	}
	// An answer that cannot be kept is asked for again.
	if data, err := json.MarshalIndent(p, "", "\t"); keep && err == nil {
		_ = replaceFile(memory, data)
	}
	return p, nil
}

const noKVM = "no KVM, so emulation: "

// whichBoots has KVM boot a kernel. Where it does not, but TCG does, that is KVM's
// fault; where neither does, it is the kernel's, and says nothing to remember.
func whichBoots(p Probe, boot func(Accel) error) (answer Probe, keep bool) {
	err := boot(KVM)
	if err == nil {
		p.Booted = true
		return p, true
	}
	p.Accel, p.Note = TCG, noKVM+"on "+kvmDevice+" a boot sector runs, but no kernel: "+reason(err)
	p.Neither = boot(TCG) != nil
	return p, !p.Neither
}

// reason is an error in one line; of a guest's failure, what QEMU said if it did.
func reason(err error) string {
	var f *Failure
	if errors.As(err, &f) {
		return firstLine(orDefault(f.QEMU, f.Reason))
	}
	return firstLine(err.Error())
}

// bootKernelOn returns nil if an accelerator runs a kernel until its guest has
// nothing more to do.
func bootKernelOn(ctx context.Context, a Accel, kernelImage, initramfs string) error {
	_, err := Run(ctx, Config{Name: "probe", Kernel: kernelImage, Initramfs: initramfs, Accel: a, Silence: probeSilence})
	return err
}

// hostIdentity names what decides about the accelerator.
func hostIdentity(program, device string) string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	id := string(bytes.TrimSpace(boot))
	for _, path := range []string{program, device} {
		var st unix.Stat_t
		err := unix.Stat(path, &st)
		id += fmt.Sprintf(" %s %v %d:%d %o %d %d", path, err, st.Dev, st.Rdev, st.Mode, st.Size, st.Mtim.Sec)
	}
	return id + fmt.Sprintf(" uid %d", os.Geteuid())
}

// tryKVM returns nil if KVM runs a boot sector.
func tryKVM(ctx context.Context, program, device string) error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	f.Close()
	if err := bootSectorOn(ctx, program, KVM); err != nil {
		return fmt.Errorf("%s %w", device, err)
	}
	return nil
}

// bootSectorOn returns nil if an accelerator runs a boot sector until that
// says hello.
func bootSectorOn(ctx context.Context, program string, a Accel) error {
	dir, err := os.MkdirTemp("", "mdlife-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	disk := filepath.Join(dir, "boot.img")
	if err := os.WriteFile(disk, bootSector(), 0o600); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	args := append(a.args(), "-machine", "pc", "-cpu", a.cpu(), "-m", "16",
		"-display", "none", "-nodefaults", "-no-user-config", "-no-reboot", "-nic", "none",
		"-serial", "stdio", "-device", "isa-debug-exit,iobase=0x501,iosize=1",
		"-drive", "format=raw,if=floppy,file="+disk)
	cmd := exec.CommandContext(limited, program, args...)
	// Should a descendant keep the pipes open, they are closed all the same.
	cmd.WaitDelay = time.Second
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err = cmd.Run()
	if bytes.Contains(out.Bytes(), []byte(bootHello)) {
		return nil
	}
	if limited.Err() != nil {
		return fmt.Errorf("did not run a boot sector within %v", probeLimit)
	}
	return fmt.Errorf("did not run a boot sector: %w %s", err, firstLine(stderr.String()))
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
