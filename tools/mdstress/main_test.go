// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"flag"
	"strings"
	"testing"

	"mdlife/vmtests/event"
)

func TestParse(t *testing.T) {
	cfg, asJSON, err := parse(strings.Fields("-stop sysfs -members 2 -openers 8 -duration 1500ms -cycles 9 -seed 42 -dev md3 -json"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := event.RaceSpec{Name: "mdstress", Stop: event.StopSysfs, Members: 2, Openers: 8, Millis: 1500, Cycles: 9}
	if cfg.Spec != want || cfg.Seed != 42 || cfg.Device != "md3" || !asJSON {
		t.Errorf("%+v, JSON %v", cfg, asJSON)
	}
	if cfg, _, err = parse(nil, nil); err != nil || cfg.Spec.Millis != 10_000 {
		t.Errorf("without arguments: %+v, %v", cfg.Spec, err)
	}
	if cfg, _, err = parse([]string{"-cycles", "3"}, nil); err != nil || cfg.Spec.Millis != 0 {
		t.Errorf("with cycles only: %+v, %v", cfg.Spec, err)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-stop kill", `stop "kill"`},
		{"-members 3", "members 3"},
		{"-openers 0", "openers 0"},
		{"-openers many", `"many"`},
		{"-duration 10", `"10"`},
		{"-duration 1us", "1ms"},
		{"-duration -1s", "-1s"},
		{"-cycles -1", "negative"},
		{"-seed -1", `"-1"`},
		{"-wrong", "-wrong"},
		{"extra", `"extra"`},
	} {
		_, _, err := parse(strings.Fields(c.args), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; wanted one line with %s", c.args, err, c.want)
		}
	}
}

func TestHelp(t *testing.T) {
	var b strings.Builder
	if _, _, err := parse([]string{"-h"}, &b); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
	for _, want := range []string{"usage: mdstress", "-openers", "-seed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the help does not have %q", want)
		}
	}
}

func TestSummary(t *testing.T) {
	res := event.Race{
		Spec: event.RaceSpec{Stop: event.StopIoctl, Openers: 2}, Seed: 42, Seconds: 1, Cycles: 3,
		Calls: map[string]map[string]int64{
			event.CallOpenRO:   {event.OK: 5, "ENODEV": 2},
			event.CallOpenExcl: {"EBUSY": 1},
		},
	}
	got := summary(res)
	for _, want := range []string{"seed 42", "8 opens, 3 stop cycles, 2 failures", "ENODEV! 2 ok 5", "EBUSY 1\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if clean(res) {
		t.Error("two failed opens are clean")
	}
	delete(res.Calls[event.CallOpenRO], "ENODEV")
	if !clean(res) {
		t.Error("an EBUSY to O_EXCL is not clean")
	}
	for _, dirty := range []func(*event.Race){
		func(r *event.Race) { r.Left = []string{"/sys/block/md0"} },
		func(r *event.Race) { r.Leaks = []string{"kmalloc-2k"} },
	} {
		r := res
		dirty(&r)
		if clean(r) {
			t.Errorf("left %v, leaks %v is clean", r.Left, r.Leaks)
		}
	}
}
