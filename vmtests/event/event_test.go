// SPDX-License-Identifier: BSD-3-Clause

package event

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func fullPlan() Plan {
	p := Plan{
		Seed: 1<<64 - 1, Checks: true, Reverse: true,
		Mdadm: &MdadmSpec{Cycles: 40, SettleMillis: 300}, Bench: &BenchSpec{Rounds: 21},
	}
	for _, name := range []string{"ioctl", "ioctl-raid1", "sysfs", "sysfs-raid1", "named", "named-raid1"} {
		p.Races = append(p.Races, RaceSpec{Name: name, Stop: StopNamed, Members: 2, Openers: 16, Millis: 10_000, Cycles: 100_000})
	}
	return p
}

func TestPlanTravels(t *testing.T) {
	plan := fullPlan()
	arg, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	// x86's COMMAND_LINE_SIZE is 2048; the rest is for the console and the like.
	if len(arg) > 1500 || strings.ContainsAny(arg, " \t\n\"") {
		t.Errorf("the plan takes %d bytes: %s", len(arg), arg)
	}
	got, ok, err := DecodePlan("console=ttyS0 " + arg + " quiet\n")
	if !ok || err != nil || !reflect.DeepEqual(got, plan) {
		t.Errorf("%+v became %+v, %v, %v", plan, got, ok, err)
	}
}

func TestDecodePlanErrors(t *testing.T) {
	for _, c := range []struct {
		cmdline string
		wrong   bool
	}{
		{"console=ttyS0", false},
		{"", false},
		{PlanArg + "%%%", true},
		{PlanArg + "bm90IGpzb24", true}, // "not json"
	} {
		_, ok, err := DecodePlan(c.cmdline)
		if ok || (err != nil) != c.wrong {
			t.Errorf("%q: %v, %v", c.cmdline, ok, err)
		}
		if err != nil && !strings.Contains(err.Error(), PlanArg) {
			t.Errorf("%q: the error does not name the parameter: %v", c.cmdline, err)
		}
	}
}

func TestEventTravels(t *testing.T) {
	for _, e := range []Event{
		{Uptime: 1.5, BootInfo: &BootInfo{Release: "6.1", CPUs: 2, Mdadm: "mdadm - v4.2"}},
		{Heartbeat: &Heartbeat{Phase: "race", Done: 7, Failed: 1}},
		{Check: &Check{Name: "R4-one-add-uevent", Requirement: "R4", OK: true}},
		{Race: &Race{Calls: map[string]map[string]int64{CallOpenRO: {"ENXIO": 3}}, Left: []string{}, Open: Latency{Count: 1, Bars: []Bar{{8, 1}}}}},
		{Mdadm: &Mdadm{Cycles: 40, LeftAtEnd: []string{"md0"}, Uevents: map[string]int64{"add": 1}}},
		{Bench: &Bench{Name: "open-close", Micros: []float64{1.5}}},
		{Done: &Done{Error: "why"}},
	} {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var got Event
		if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s: %v\n%+v", b, err, got)
		}
		if n := strings.Count(string(b), `":{`); n < 1 {
			t.Errorf("%s: no kind of event is set", b)
		}
	}
}
