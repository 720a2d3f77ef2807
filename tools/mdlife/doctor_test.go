// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"mdlife/internal/proc"
	"mdlife/vmtests/vm"
)

func TestDoctorNamesWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out bytes.Buffer
	err := doctor(context.Background(), &out)
	if err == nil || !strings.Contains(err.Error(), "apt-get install --no-install-recommends apt bc bison") {
		t.Errorf("error %v", err)
	}
	const noGo = "no go command: install Go 1."
	if err == nil || !strings.Contains(err.Error(), noGo) {
		t.Errorf("error %v", err)
	}
	for _, row := range []string{"missing  flex                     no flex\n", "missing  go                       " + noGo} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("output %q", out.String())
		}
	}
}

func TestDoctorWithoutAPlaceForTheCache(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "not/absolute")
	var out bytes.Buffer
	err := doctor(context.Background(), &out)
	const row = "missing  cache                    no place for the cache: "
	if err == nil || !strings.Contains(out.String(), row) || strings.Contains(out.String(), "accelerator") {
		t.Errorf("error %v, output %q", err, out.String())
	}
}

func TestDoctorSaysWhatKVMHasRun(t *testing.T) {
	for want, p := range map[string]vm.Probe{
		"ok       accelerator              kvm": {Accel: vm.KVM, Booted: true},
		"ok       accelerator              kvm; only a boot sector was tried, a kernel will be at the first run": {Accel: vm.KVM},
		"note     accelerator              tcg no KVM":                                                           {Accel: vm.TCG, Note: "no KVM"},
	} {
		if got := accelRow(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestEveryNeedHasASign(t *testing.T) {
	ns := needs()
	if len(ns) < 10 {
		t.Fatalf("%d packages", len(ns))
	}
	for _, n := range ns {
		if n.pkg == "" || len(n.signs) == 0 {
			t.Errorf("%+v", n)
		}
	}
}

func TestPresentNeedsEverySign(t *testing.T) {
	if sign, ok := (need{"x", []string{os.Args[0], "/does/not/exist"}}).present(); ok || sign != "/does/not/exist" {
		t.Errorf("%q %v", sign, ok)
	}
}

// The tools that the program asks for are in the list that make deps installs from,
// or essential to Debian or come with gcc.
func TestPackagesListsTheToolsOfProc(t *testing.T) {
	listed := map[string]bool{"coreutils": true, "tar": true, "binutils": true}
	for _, n := range needs() {
		listed[n.pkg] = true
	}
	bots, err := os.ReadFile("packages-bots.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(bots)) {
		listed[strings.Fields(line)[0]] = true
	}
	for _, pkg := range proc.Packages() {
		if !listed[pkg] {
			t.Errorf("packages.txt and packages-bots.txt lack %s", pkg)
		}
	}
}
