// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"time"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

var run = Run{Command: "test", Base: "6.1", Started: time.Unix(1_700_000_000, 0), Seed: 7}

var (
	specIoctl = event.RaceSpec{Name: "ioctl", Stop: event.StopIoctl, Openers: 2, Millis: 5000}
	specNamed = event.RaceSpec{Name: "named", Stop: event.StopNamed, Openers: 2, Millis: 5000}
	specMdadm = event.MdadmSpec{Cycles: 40, SettleMillis: 300}
)

// guestOf is a guest that has reported these events and ended well.
func guestOf(label string, plan event.Plan, events ...event.Event) verdict.Guest {
	all := append([]event.Event{{BootInfo: &event.BootInfo{Release: "6.1.192"}}}, events...)
	return verdict.Guest{Label: label, Unpatched: label == "unpatched", Key: "key-of-" + label, Plan: plan,
		Console: "out/6.1/console-" + label + ".log", Wall: 30, Events: append(all, event.Event{Done: &event.Done{}})}
}

// latencyOf makes a distribution from pairs of a bucket limit and a count.
func latencyOf(pairs ...int64) event.Latency {
	l := event.Latency{P50: float64(pairs[0]), P99: float64(pairs[len(pairs)-2]), Max: float64(pairs[len(pairs)-2])}
	for i := 0; i < len(pairs); i += 2 {
		l.Bars = append(l.Bars, event.Bar{Le: pairs[i], Count: pairs[i+1]})
		l.Count += pairs[i+1]
	}
	return l
}

// raceOf makes a race with these outcomes of read-only opens.
func raceOf(spec event.RaceSpec, cycles int64, opens map[string]int64) event.Event {
	return event.Event{Race: &event.Race{
		Spec: spec, Seed: 7, Seconds: 5, Cycles: cycles,
		Calls: map[string]map[string]int64{
			event.CallOpenRO:   opens,
			event.CallOpenExcl: {"ok": 10, "EBUSY": 5},
			event.CallStop:     {"ok": cycles},
		},
		Open: latencyOf(10, 90, 1000, 10), Stop: latencyOf(500, cycles), Gone: latencyOf(2000, 20),
	}}
}

// input is a comparison that passes; the tests break one thing in it at a time.
func input() verdict.Input {
	plan := event.Plan{Seed: 7, Checks: true, Windows: []string{event.AllWindows}, Races: []event.RaceSpec{specIoctl, specNamed}, Mdadm: &specMdadm}
	side := func(label string, patched bool, cycles, settled int64, opens map[string]int64) verdict.Guest {
		w := event.Window{Name: "W1", Fails: "ENXIO", Held: patched, Seconds: 0.1}
		if !patched {
			w.Got = "ENXIO"
		}
		return guestOf(label, plan,
			event.Event{Check: &event.Check{Name: "R1-gone", Requirement: "R1", OK: true, Detail: "gone in 3 ms"}},
			event.Event{Check: &event.Check{Name: "R8-inert", Requirement: "R8", OK: patched, Detail: "open after stop"}},
			raceOf(specIoctl, cycles, opens), raceOf(specNamed, cycles, map[string]int64{"ok": 30000, "ENXIO": 900}),
			event.Event{Mdadm: &event.Mdadm{Spec: specMdadm, Cycles: 40, ThereSettled: int(settled), Reads: 5000}},
			event.Event{Window: &w})
	}
	return verdict.Input{
		Base: "6.1", Seed: 7, Full: verdict.Minimum{Opens: 100_000, Cycles: 1000}, Race: verdict.FullRace, Started: run.Started,
		Unpatched: side("unpatched", false, 100, 5, map[string]int64{"ok": 9000, "ENODEV": 142_000, "ENXIO": 16}),
		Patched:   side("patched", true, 600, 0, map[string]int64{"ok": 90_000}),
		Timings:   []verdict.Timing{{Name: "boot", Seconds: 30}},
	}
}

// compared judges a comparison and reports it.
func compared(in verdict.Input) (*verdict.Report, verdict.Outcome) {
	rep := verdict.Judge(in)
	return &rep, run.Comparison(&rep)
}
