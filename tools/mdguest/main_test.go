// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/link"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/mdadm"
)

// TestParts: what a plan asks for is done, nothing else, and in the order on which the
// verdict on an unpatched kernel depends.
func TestParts(t *testing.T) {
	full := event.Plan{
		Checks: true, Windows: []string{event.AllWindows}, Races: []event.RaceSpec{{Name: "ioctl"}},
		Mdadm: &event.MdadmSpec{}, Cells: []string{event.AllCells}, Client: &event.ClientSpec{},
		Soak: &event.SoakSpec{}, Bench: &event.BenchSpec{},
	}
	reversed, power := full, full
	reversed.Reverse = true
	power.Power = &event.PowerSpec{}
	for _, c := range []struct {
		name string
		plan event.Plan
		want string
	}{
		{"full", full, "windows, races, mdadm, checks, arrays, client, soak, bench, windows that spoil the kernel, leaks"},
		{"reversed", reversed, "windows, checks, mdadm, races, arrays, client, soak, bench, windows that spoil the kernel, leaks"},
		{"power", power, "power"},
		{"empty", event.Plan{}, "leaks"},
		{"windows", event.Plan{Windows: []string{"W3"}}, "windows, windows that spoil the kernel, leaks"},
		{"soak", event.Plan{Soak: &event.SoakSpec{}}, "soak, leaks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var names []string
			for _, part := range parts(c.plan) {
				names = append(names, part.name)
			}
			if got := strings.Join(names, ", "); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestLoops: the mdadm loop's arrays share neither a device nor a member.
func TestLoops(t *testing.T) {
	want := []mdadm.Array{
		{Device: "md0", Members: []string{"/dev/ram0", "/dev/ram1"}},
		{Device: "md1", Members: []string{"/dev/ram2", "/dev/ram3"}},
		{Device: "md2", Members: []string{"/dev/ram4", "/dev/ram5"}},
	}
	if got := loops(); !slices.EqualFunc(got, want, func(a, b mdadm.Array) bool {
		return a.Device == b.Device && slices.Equal(a.Members, b.Members)
	}) {
		t.Errorf("%v, want %v", got, want)
	}
	if device != "md0" || !slices.Equal(members, want[0].Members) {
		t.Errorf("races use %s on %v", device, members)
	}
}

func TestRunRejects(t *testing.T) {
	for _, c := range []struct {
		args  string
		usage bool
		want  string
	}{
		{"fly", true, "usage: mdguest"},
		{"plan", false, "one plan is wanted"},
		{"plan {} {}", false, "one plan is wanted"},
		{"plan {", false, "plan: unexpected end of JSON"},
		{"windows W3 W99", false, "no window W99"},
	} {
		t.Run(c.args, func(t *testing.T) {
			err := run(strings.Fields(c.args))
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, errUsage) != c.usage {
				t.Errorf("%v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestTell: a guest describes itself first and ends with what went wrong; a plan is not
// carried out where something was wrong before.
func TestTell(t *testing.T) {
	if machine.MDIsModule() {
		t.Fatal("this is a guest")
	}
	unknown := event.Plan{Checks: true, Only: []string{"R99"}}
	for _, c := range []struct {
		name  string
		plan  event.Plan
		wrong []error
		want  string
	}{
		{"before the plan", unknown, []error{nil, errors.New("no such plan")}, "no such plan"},
		{"in the plan", unknown, []error{nil, nil}, "no check's name begins with R99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := tell(link.Lines(&out), c.plan, c.wrong...); err != nil {
				t.Fatal(err)
			}
			var events []event.Event
			for line := range bytes.Lines(out.Bytes()) {
				var e event.Event
				if err := json.Unmarshal(line, &e); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				events = append(events, e)
			}
			last := events[len(events)-1]
			if events[0].BootInfo == nil || last.Done == nil || last.Done.Error != c.want {
				t.Errorf("%+v … %+v, want the error %q", events[0], last.Done, c.want)
			}
		})
	}
}
