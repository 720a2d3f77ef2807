// SPDX-License-Identifier: BSD-3-Clause

package vm

import "fmt"

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
