// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/atomicfile"
	"mdlife/internal/cachedir"
)

// kvmDevice is where KVM is found.
const kvmDevice = "/dev/kvm"

// probeSilence is how long a kernel that is tried may say nothing: with a KVM that
// works it is up within a second.
const probeSilence = 10 * time.Second

// Probe is an answer to which accelerator to use.
type Probe struct {
	Accel  Accel  `json:"accel"`
	Booted bool   `json:"booted"` // a whole kernel has run on it; asked only of KVM
	Note   string `json:"note"`   // why, one line; "" if there is nothing to say
	Host   string `json:"host"`   // what the answer holds for

	Neither bool `json:"-"` // TCG does not boot the kernel that was tried either
}

// settled reports whether there is nothing left to try.
func (p Probe) settled() bool { return p.Accel == TCG || p.Booted }

// refusal is why a guest cannot have KVM.
func (p Probe) refusal() error {
	if p.Accel == KVM || p.Neither {
		return nil
	}
	return fmt.Errorf("-accel kvm: %s does not run this kernel here: %s; leave -accel out for emulation",
		kvmDevice, strings.TrimPrefix(p.Note, noKVM))
}

// probeHost returns KVM where it truly runs a guest, else TCG. A /dev/kvm that is
// there may hang its guests at once, or at the first instruction that it does not
// know, so a boot sector is started on it, and then the kernel with the initramfs,
// if they are not "". The answer is remembered in the cache until QEMU, the device,
// or the running kernel change.
func probeHost(ctx context.Context, kernelImage, initramfs string) (Probe, error) {
	program, err := FindQEMU()
	if err != nil {
		return Probe{}, err
	}
	dir, err := cachedir.Dir()
	if err != nil {
		return Probe{}, err
	}
	var boot func(Accel) error
	if kernelImage != "" && initramfs != "" {
		boot = func(a Accel) error { return bootKernelOn(ctx, a, kernelImage, initramfs) }
	}
	return probe(ctx, program, kvmDevice, filepath.Join(dir, "accel.json"), boot)
}

// probe is probeHost with everything that it looks at. boot boots a kernel; it is nil if
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
		_ = atomicfile.Write(memory, func(w io.Writer) error { _, err := w.Write(data); return err })
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
		return firstLine(cmp.Or(f.QEMU, f.Reason))
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
