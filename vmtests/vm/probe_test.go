// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBootSector boots the probe's boot sector under emulation, which works
// everywhere: else a "no" would say nothing about KVM.
func TestBootSector(t *testing.T) {
	program, err := FindQEMU()
	if err != nil {
		t.Fatal(err)
	}
	if err := bootSectorOn(context.Background(), program, TCG); err != nil {
		t.Error(err)
	}
}

// TestProbe has QEMUs that are scripts, with a KVM that works or does not.
func TestProbe(t *testing.T) {
	for name, test := range map[string]struct {
		script   string
		noDevice bool
		want     Accel
		note     string
	}{
		"works":       {script: "echo SeaBIOS; echo " + bootHello + "; exit 3", want: KVM},
		"fails":       {script: "echo 'failed to set MSR 0x10a' >&2; exit 1", want: TCG, note: "failed to set MSR 0x10a"},
		"says little": {script: "echo SeaBIOS", want: TCG, note: "did not run a boot sector"},
		"hangs":       {script: "exec sleep 60", want: TCG, note: "within 2s"},
		"no device":   {script: "echo " + bootHello, noDevice: true, want: TCG, note: "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			program, device, runs := filepath.Join(dir, "qemu"), filepath.Join(dir, "kvm"), filepath.Join(dir, "runs")
			script := "#!/bin/sh\necho run >> " + runs + "\n" + test.script + "\n"
			if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			if !test.noDevice {
				if err := os.WriteFile(device, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			memory := filepath.Join(dir, "cache", "accel.json")
			ask := func() {
				t.Helper()
				begin := time.Now()
				p, err := probe(context.Background(), program, device, memory, nil)
				if err != nil || p.Accel != test.want || !strings.Contains(p.Note, test.note) {
					t.Errorf("%+v, %v; want %s, %q", p, err, test.want, test.note)
				}
				if time.Since(begin) > 2*probeLimit {
					t.Errorf("took %v", time.Since(begin))
				}
			}
			ask()
			first := size(t, runs)
			ask()
			if size(t, runs) != first {
				t.Error("the answer was not remembered")
			}
			if name == "hangs" {
				return // what follows would only be slow
			}
			// Another QEMU gives another answer; so does a broken memory.
			if err := os.WriteFile(program, []byte(script+"# newer\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			ask()
			if err := os.WriteFile(memory, []byte("{"), 0o644); err != nil {
				t.Fatal(err)
			}
			ask()
			if !test.noDevice && size(t, runs) != 3*first {
				t.Errorf("asked %d times less than it should be", 3-size(t, runs)/first)
			}
		})
	}
}

// TestProbeBoots has a KVM that runs a boot sector, and then a kernel, or not.
func TestProbeBoots(t *testing.T) {
	bad := &Failure{Reason: "silent for 10s", QEMU: "KVM internal error. Suberror: 1\nextra data[0]: 0x1"}
	for name, test := range map[string]struct {
		kvm, tcg error
		want     Probe
		boots    int    // until the second answer
		refusal  string // where KVM is asked for
	}{
		"works":       {nil, nil, Probe{Accel: KVM, Booted: true}, 1, "<nil>"},
		"KVM cannot":  {bad, nil, Probe{Accel: TCG, Note: "a boot sector runs, but no kernel: KVM internal error. Suberror: 1"}, 2, "-accel kvm: /dev/kvm does not run this kernel here: on /dev/kvm a boot sector runs, but no kernel: KVM internal error. Suberror: 1; leave -accel out for emulation"},
		"kernel dies": {bad, &Failure{Reason: "kernel panic"}, Probe{Accel: TCG, Note: "no kernel"}, 4, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			program, device := filepath.Join(dir, "qemu"), filepath.Join(dir, "kvm")
			script := "#!/bin/sh\necho " + bootHello + "\n"
			if err := errors.Join(os.WriteFile(program, []byte(script), 0o755), os.WriteFile(device, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			boots := 0
			boot := func(a Accel) error {
				boots++
				if a == KVM {
					return test.kvm
				}
				return test.tcg
			}
			ask := func(boot func(Accel) error) Probe {
				p, err := probe(context.Background(), program, device, filepath.Join(dir, "accel.json"), boot)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			if p := ask(nil); p.Accel != KVM || p.Booted {
				t.Errorf("without a kernel: %+v", p)
			}
			for range 2 {
				p := ask(boot)
				if p.Accel != test.want.Accel || p.Booted != test.want.Booted || !strings.Contains(p.Note, test.want.Note) {
					t.Errorf("%+v, want %+v", p, test.want)
				}
				if got := fmt.Sprint(p.refusal()); got != test.refusal {
					t.Errorf("refusal %q, want %q", got, test.refusal)
				}
			}
			if boots != test.boots {
				t.Errorf("%d boots, want %d", boots, test.boots)
			}
		})
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	st, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

func TestProbeCancelled(t *testing.T) {
	program, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	memory := filepath.Join(t.TempDir(), "accel.json")
	if _, err := probe(ctx, program, program, memory, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if size(t, memory) != 0 {
		t.Error("an answer was remembered that nobody gave")
	}
}
