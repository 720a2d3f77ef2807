// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mdlife/initramfs"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests/event"
)

// TestNamesInThePatchesAreTests: a mutant or a claim that names no test would show
// only after the kernel is built.
func TestNamesInThePatchesAreTests(t *testing.T) {
	const root = ".."
	for _, base := range kernel.Bases() {
		parts, err := Options{Root: root, Base: base}.Parts()
		if err != nil {
			t.Fatal(err)
		}
		mutants, err := series.MutantsOf(parts)
		if err != nil || len(mutants) < 12 {
			t.Errorf("%s: %d mutants, %v", base.Name, len(mutants), err)
		}
		for _, m := range mutants {
			if err := (Tests{Names: m.Tests}).Check(kernel.Variant(m.Variant)); err != nil {
				t.Errorf("%s: mutant %s: %v", base.Name, m.Name, err)
			}
		}
		for _, part := range parts {
			checkClaims(t, part)
		}
	}
}

// checkClaims wants a part's claims to name its patches, and tests.
func checkClaims(t *testing.T, part series.Part) {
	t.Helper()
	claims, err := series.LoadClaims(part.Dir)
	if err != nil {
		t.Error(err)
	}
	if err := (Tests{Names: slices.Sorted(maps.Keys(claims))}).Check(); err != nil {
		t.Errorf("%s/claims: %v", part.Dir, err)
	}
	patches, err := series.Names(part.Dir)
	if err != nil {
		t.Error(err)
	}
	for test, from := range claims {
		if from > len(patches) {
			t.Errorf("%s/claims: %s from patch %d on, of %d", part.Dir, test, from, len(patches))
		}
	}
}

// TestClaimsOpens: a kernel whose patches are about something else need not keep opens from failing.
func TestClaimsOpens(t *testing.T) {
	for text, want := range map[string]bool{
		"1 array-raid10-near/fault-reshape R16": false, "18 R4 R8 race-sysfs": true, "": false,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "claims"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		claimed := series.Part{Name: "a", Dir: dir}
		after := series.Part{Name: "b", Dir: t.TempDir(), Needs: []series.Part{claimed}}
		for _, part := range []series.Part{claimed, after} { // what a part needs keeps its promise below it
			if got, err := claimsOpens(part); err != nil || got != want {
				t.Errorf("claims %q, part %s: %t, want %t (%v)", text, part.Name, got, want, err)
			}
		}
	}
}

func TestCheckNames(t *testing.T) {
	for name, good := range map[string]bool{
		"R": true, "R8": true, "R8-restart": true, "R17": true, "R23-nothing-comes-back": true, "mdadm": true,
		"mdadm-by-number": true, "race-ioctl": true, "window-W2b": true, "window-all": true,
		"R99": false, "R8-rester": false, "race-": false, "window-W99": false, "mdam": false,
	} {
		if err := (Tests{Names: []string{name}}).Check(kernel.VariantModular); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"R17", "window-W7", "window-W8"} {
		if err := (Tests{Names: []string{name}}).Check(kernel.VariantPatched, kernel.VariantDebug); err == nil {
			t.Errorf("%s on kernels with md built in: no error", name)
		}
	}
	if err := (Tests{Names: []string{"mdadm", "mdadm-by-number"}}).Check(); err == nil {
		t.Error("two loops of mdadm in one run: no error")
	}
}

// TestImageForPlan: test cases of arrays need LVM in the image; it is there if any mutant's
// tests, or a patch's, name one.
func TestImageForPlan(t *testing.T) {
	const stack = "array-raid1/stack-lvm"
	mutants := []series.Mutant{{Tests: []string{"R8"}}, {Tests: []string{"mdadm", stack}}, {Tests: []string{"mdadm-by-number"}}}
	for want, with := range map[bool][]series.Mutant{true: mutants, false: {mutants[0], mutants[2]}} {
		plan, err := imagePlan(with)
		cfg, noBase := Options{Base: kernel.Bases()[0]}.imageConfig(plan, "")
		if got := cfg.Volumes; err != nil || noBase != nil || got != want {
			t.Errorf("LVM in the image for %d mutants: %t, want %t (%v)", len(with), got, want, err)
		}
	}
	if _, err := imagePlan([]series.Mutant{{Path: "x.patch", Tests: []string{"R99"}}}); err == nil || !strings.Contains(err.Error(), "x.patch") {
		t.Errorf("a mutant whose tests are none: %v", err)
	}
}

// TestUserspaceOfBase: a guest has the mdadm of the release that its kernel is from, unless another
// one is asked for.
func TestUserspaceOfBase(t *testing.T) {
	var plan event.Plan
	of := func(o Options) string {
		cfg, err := o.imageConfig(plan, "")
		if err != nil {
			t.Errorf("%s with userspace %q: %v", o.Base.Name, o.Userspace, err)
		}
		return cfg.Userspace.Name
	}
	for _, base := range kernel.Bases() {
		if got := of(Options{Base: base}); got != base.Suites[0] {
			t.Errorf("%s is from %s, but its guests have mdadm from %s", base.Name, base.Suites[0], got)
		}
		for _, other := range initramfs.Userspaces() {
			if got := of(Options{Base: base, Userspace: other}); got != other {
				t.Errorf("%s with userspace %s: got %s", base.Name, other, got)
			}
		}
	}
	for _, plan = range []event.Plan{{Mdadm: &event.MdadmSpec{}}, {Client: &event.ClientSpec{}}} {
		for _, base := range kernel.Bases() {
			if got, want := of(Options{Base: base}), cmp.Or(base.LoopUserspace, base.Userspace); got != want {
				t.Errorf("a loop on %s has mdadm from %s, and not from %s", base.Name, got, want)
			}
			if got := of(Options{Base: base, Userspace: "sid"}); got != "sid" {
				t.Errorf("a loop on %s with userspace sid: got %s", base.Name, got)
			}
		}
	}
	if _, err := (Options{Base: kernel.Bases()[0], Userspace: "potato"}).imageConfig(event.Plan{}, ""); err == nil || !strings.Contains(err.Error(), "bookworm, trixie, sid") {
		t.Errorf("an unknown userspace: %v", err)
	}
}

// TestAllChecksAndOneMore: naming one check beside all must not leave the others
// out.
func TestAllChecksAndOneMore(t *testing.T) {
	plan, err := Tests{Names: []string{"R", event.LongRestarts}}.Plan(1)
	if want := []string{event.AllChecks, event.LongRestarts}; err != nil || !slices.Equal(plan.Only, want) {
		t.Errorf("%q, %v; want %q", plan.Only, err, want)
	}
}

// TestClaimedCases: the test cases that patches are for are those of the parts that were chosen.
func TestClaimedCases(t *testing.T) {
	o := Options{Root: "..", Base: kernel.Bases()[0]}
	all, err := o.ClaimedCases()
	if err != nil || !slices.Contains(all, "raid5/reshape-stop-early-grow") {
		t.Errorf("all parts: %v, %v", all, err)
	}
	o.Series = []string{"raid6"}
	if none, err := o.ClaimedCases(); err != nil || len(none) != 0 {
		t.Errorf("raid6: %v, %v", none, err)
	}
}
