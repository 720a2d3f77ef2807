// SPDX-License-Identifier: BSD-3-Clause

// Package vm boots a kernel in QEMU, has the guest carry out a plan, and ends
// the machine as soon as the outcome is known.
//
// QEMU is run through hugelgupf/vmtest. The guest's events come over a
// virtio-serial port, its console over a serial one; the console is kept whole
// in a file and searched for findings as it grows (package triage). A guest
// succeeds only by reporting that it is done; any other end is an error with a
// title. Nothing keeps running when the context ends or this process dies, and
// any number of guests may run at once.
//
// Environment: MDLIFE_QEMU names another QEMU program, MDLIFE_ACCEL (kvm or
// tcg) decides the accelerator where -accel is not given. VMTEST_* variables
// have no effect.
package vm

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mdlife/vmtests/event"
	"mdlife/vmtests/triage"
)

// Config describes a guest. Kernel, Initramfs and Accel are required.
type Config struct {
	Name       string            // of the guest, seen in the process list and in errors
	Kernel     string            // path of a bzImage
	Initramfs  string            // path of an image from package initramfs
	ConsoleLog string            // file that gets the serial console as it comes; "" for none
	Plan       event.Plan        // what the guest is to do
	Append     []string          // further kernel parameters
	CPUs       int               // 0: 2
	MemMiB     int               // 0: 1024
	Disks      []Disk            // that the machine has besides
	Accel      Accel             // what executes its instructions; see [Choice]
	Machine    string            // QEMU's -machine; "": [DefaultMachine]
	OnEvent    func(event.Event) // called with each event, in order, if not nil
	Silence    time.Duration     // longest time without event and console line; 0: 30 s
	Timeout    time.Duration     // longest time in all; 0: 10 min
	Allow      []triage.Allow    // console findings that are expected
}

// Disk is a file of the host that is a virtio disk of the guest. The host's page cache
// is left out (QEMU's cache=none), and a flush of the guest is one of the file: what
// the guest knows to be durable is, whatever becomes of QEMU.
type Disk struct {
	Path   string
	Serial string // for the guest to know it by, at most 20 characters
}

// Result is what is known of a guest that ran.
type Result struct {
	Events      []event.Event
	Findings    []triage.Finding // those that nothing allows
	Allowed     []triage.Finding // those that Config.Allow expects
	Before      int              // how many of the events came before the first finding; all, if there is none
	BootToHello time.Duration    // from the start of QEMU to the first event; 0 if none came
	Wall        time.Duration    // from the start of QEMU to its end
	Command     []string         // QEMU's command line; empty if it never ran
	Accel       Accel
	Machine     string
}

// Defaults of Config.
const (
	DefaultCPUs    = 2
	defaultMemMiB  = 1024
	defaultSilence = 30 * time.Second
	defaultTimeout = 10 * time.Minute
)

// Run boots the guest and waits for its end. The error is nil only if the guest
// said that it was done and nothing was found on its console; what is known is
// in the result either way. A guest that came to grief gives a *[Failure].
func Run(ctx context.Context, cfg Config) (Result, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return Result{}, err
	}
	plan, err := cfg.Plan.Encode()
	if err != nil {
		return Result{}, err
	}
	cfg.Append = append([]string{plan}, cfg.Append...)
	s, err := newSession(cfg)
	if err != nil {
		return Result{}, err
	}
	return s.run(ctx)
}

// complete checks a configuration and fills in the defaults.
func (cfg Config) complete() (Config, error) {
	for _, path := range []string{cfg.Kernel, cfg.Initramfs} {
		if _, err := os.Stat(path); err != nil {
			return cfg, fmt.Errorf("boot %s: %w", cfg.Name, err)
		}
	}
	if cfg.Accel == Counted {
		cfg.CPUs = 1
	}
	cfg.CPUs = cmp.Or(cfg.CPUs, DefaultCPUs)
	cfg.MemMiB = cmp.Or(cfg.MemMiB, defaultMemMiB)
	cfg.Silence = cmp.Or(cfg.Silence, defaultSilence)
	cfg.Timeout = cmp.Or(cfg.Timeout, defaultTimeout)
	cfg.Machine = cmp.Or(cfg.Machine, DefaultMachine)
	cfg.Name = cmp.Or(cfg.Name, filepath.Base(cfg.Kernel))
	return cfg, cfg.Accel.check()
}
