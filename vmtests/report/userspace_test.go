// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"strings"
	"testing"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// TestUserspaceIsPrinted: below its title an outcome says which mdadm and udev its guests had, and
// how to repeat a failed test case with them.
func TestUserspaceIsPrinted(t *testing.T) {
	g := guestOf("patched", event.Plan{Cells: []string{event.AllCells}})
	g.Userspace = verdict.Userspace{Suite: "sid", Mdadm: "4.6-3", Udev: "262.1-1"}
	g.Events = append(g.Events, event.Event{Cell: &event.Cell{Name: "raid1/life-1.2", Personality: "raid1", Detail: "no"}})
	r := Run{Base: "6.1", Seed: 7, Userspace: "sid"}
	for kind, o := range map[string]verdict.Outcome{"run": r.Tests(g), "arrays": r.Arrays([]verdict.Guest{g}, nil), "windows": r.Windows([]verdict.Guest{g})} {
		text := Text(o)
		if _, after, _ := strings.Cut(text, "\n"); !strings.HasPrefix(after, "In the guests: mdadm 4.6-3 and udev 262.1-1, of Debian sid\n") {
			t.Errorf("%s: the second line does not say so:\n%s", kind, text)
		}
	}
	if text := Text(r.Arrays([]verdict.Guest{g}, nil)); !strings.Contains(text, "mdlife arrays -base 6.1 -userspace sid -seed 7 -kernels patched -only raid1/life-1.2") {
		t.Errorf("the command that repeats it does not name the userspace:\n%s", text)
	}
	if text := Text(r.Tests(guestOf("patched", event.Plan{}))); strings.Contains(text, "In the guests") {
		t.Errorf("an unknown userspace:\n%s", text)
	}
}
