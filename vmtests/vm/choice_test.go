// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"fmt"
	"testing"
)

// TestChoice asks for three kernels in turn, on machines of all kinds.
func TestChoice(t *testing.T) {
	const refusal = "-accel kvm: /dev/kvm does not run this kernel here: no such file; leave -accel out for emulation"
	for name, test := range map[string]struct {
		wish  Accel
		env   string
		probe Probe
		want  string // of each of the three answers
		asked int    // how often the machine is probed
	}{
		"KVM works":            {"", "", Probe{Accel: KVM, Booted: true}, `[kvm "" <nil>] [kvm "" <nil>] [kvm "" <nil>]`, 1},
		"boot sector only":     {"", "", Probe{Accel: KVM}, `[kvm "" <nil>] [kvm "" <nil>] [kvm "" <nil>]`, 3},
		"no KVM":               {"", "", Probe{Accel: TCG, Note: "why"}, `[tcg "why" <nil>] [tcg "" <nil>] [tcg "" <nil>]`, 1},
		"kernel does not boot": {"", "", Probe{Accel: TCG, Note: "why", Neither: true}, `[tcg "why" <nil>] [tcg "" <nil>] [tcg "" <nil>]`, 3},
		"tcg":                  {TCG, "", Probe{Accel: KVM}, `[tcg "" <nil>] [tcg "" <nil>] [tcg "" <nil>]`, 0},
		"tcg, MDLIFE_ACCEL":    {TCG, "kvm", Probe{Accel: KVM}, `[tcg "" <nil>] [tcg "" <nil>] [tcg "" <nil>]`, 0},
		"MDLIFE_ACCEL":         {"", "kvm", Probe{Accel: TCG}, `[kvm "MDLIFE_ACCEL says so" <nil>] [kvm "" <nil>] [kvm "" <nil>]`, 0},
		"MDLIFE_ACCEL is odd":  {"", "warp", Probe{Accel: TCG}, fmt.Sprintf("[ \"\" %[1]s] [ \"\" %[1]s] [ \"\" %[1]s]", `MDLIFE_ACCEL: accelerator "warp": want kvm or tcg`), 0},
		"kvm":                  {KVM, "", Probe{Accel: KVM, Booted: true}, `[kvm "" <nil>] [kvm "" <nil>] [kvm "" <nil>]`, 1},
		"kvm, MDLIFE_ACCEL":    {KVM, "kvm", Probe{Accel: TCG}, `[kvm "" <nil>] [kvm "" <nil>] [kvm "" <nil>]`, 0},
		"kvm is not there":     {KVM, "", Probe{Accel: TCG, Note: noKVM + "no such file"}, fmt.Sprintf("[ \"\" %[1]s] [ \"\" %[1]s] [ \"\" %[1]s]", refusal), 3},
		"kvm, bad kernel":      {KVM, "", Probe{Accel: TCG, Note: noKVM + "no", Neither: true}, `[kvm "" <nil>] [kvm "" <nil>] [kvm "" <nil>]`, 3},
		"counted":              {Counted, "", Probe{}, `[tcg-counted "" <nil>] [tcg-counted "" <nil>] [tcg-counted "" <nil>]`, 0},
	} {
		t.Setenv("MDLIFE_ACCEL", test.env)
		asked := 0
		c := Fixed(test.wish)
		c.probe = func(context.Context, string, string) (Probe, error) { asked++; return test.probe, nil }
		got := ""
		for i := range 3 {
			a, note, err := c.Decide(context.Background(), fmt.Sprint("kernel", i), "initramfs")
			got += fmt.Sprintf(" [%s %q %v]", a, note, err)
		}
		if got[1:] != test.want || asked != test.asked {
			t.Errorf("%s: asked %d times:\n%s; want %d times:\n%s", name, asked, got[1:], test.asked, test.want)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Setenv("MDLIFE_ACCEL", "kvm") // or KVM would be tried
	for _, wish := range []Accel{"", TCG, KVM} {
		if c, err := Choose(context.Background(), wish); err != nil || c.Wish() != wish {
			t.Errorf("%q: %v, %v", wish, c, err)
		}
	}
	if got := (*Choice)(nil).Wish(); got != "" {
		t.Errorf("no choice wishes for %q", got)
	}
}

func TestProbeAccel(t *testing.T) {
	t.Setenv("MDLIFE_ACCEL", "tcg")
	if p, err := ProbeAccel(context.Background()); err != nil || p.Accel != TCG || p.Note != "MDLIFE_ACCEL says so" {
		t.Errorf("%+v, %v", p, err)
	}
}
