// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"strings"
	"testing"

	"mdlife/vmtests/event"
)

// TestCommand looks for what must be on QEMU's command line, whatever VMTEST_*
// variables say.
func TestCommand(t *testing.T) {
	for name, value := range map[string]string{
		"VMTEST_QEMU": "/nowhere", "VMTEST_KERNEL": "/nowhere", "VMTEST_INITRAMFS": "/nowhere",
		"VMTEST_KERNEL_APPEND": "panic=5", "VMTEST_QEMU_APPEND": "-enable-kvm", "VMTEST_TIMEOUT": "1ns",
	} {
		t.Setenv(name, value)
	}
	cfg := fakeConfig(t, "hello; finish")
	cfg.Name, cfg.CPUs, cfg.MemMiB = "a guest,with=marks", 3, 640
	cfg.Plan, cfg.Append = event.Plan{Seed: 42}, []string{"md_mod.create_on_open=N"}
	res, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Join(res.Command, " ")
	for _, want := range []string{
		"setpriv --pdeathsig KILL -- " + cfg.Kernel, "-name a-guest-with-marks", "-machine " + DefaultMachine,
		"-smp 3", "-m 640", "-accel tcg,thread=multi", "-cpu max", "tsc=reliable", "-no-reboot", "-nic none", "-nodefaults",
		"-serial chardev:console", "virtserialport,chardev=events,name=" + event.Port,
		"console=ttyS0", "ignore_loglevel", "panic=-1", event.PlanArg, "md_mod.create_on_open=N",
		"-initrd " + cfg.Initramfs,
	} {
		if !strings.Contains(line, want) {
			t.Errorf("no %q in %s", want, line)
		}
	}
	for _, not := range []string{"/nowhere", "panic=5", "-enable-kvm"} {
		if strings.Contains(line, not) {
			t.Errorf("%q in %s", not, line)
		}
	}
	plan, ok, err := event.DecodePlan(line)
	if err != nil || !ok || plan.Seed != 42 {
		t.Errorf("plan %+v, %v, %v", plan, ok, err)
	}
}

func TestCountedCommand(t *testing.T) {
	cfg := fakeConfig(t, "hello; finish")
	cfg.Accel, cfg.CPUs = Counted, 2
	res, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Join(res.Command, " ")
	for _, want := range []string{"-accel tcg,thread=single -icount shift=1,sleep=off", "-smp 1", "-cpu max", "tsc=reliable"} {
		if !strings.Contains(line, want) {
			t.Errorf("no %q in %s", want, line)
		}
	}
}

func TestShellCommand(t *testing.T) {
	cfg := fakeConfig(t, "")
	cfg, err := cfg.complete()
	if err != nil {
		t.Fatal(err)
	}
	args, err := shellCommand(cfg)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Join(args, " ")
	for _, want := range []string{
		"--pdeathsig KILL", "stdio,id=console,mux=on,signal=off,logfile=" + cfg.ConsoleLog,
		"-mon chardev=console", "console=ttyS0",
	} {
		if !strings.Contains(line, want) {
			t.Errorf("no %q in %s", want, line)
		}
	}
	for _, not := range []string{event.PlanArg, "ignore_loglevel"} {
		if strings.Contains(line, not) {
			t.Errorf("%q in %s", not, line)
		}
	}
}
