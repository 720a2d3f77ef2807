// SPDX-License-Identifier: BSD-3-Clause

// Package verdict judges a comparison run: what the guests on the unpatched and
// on the patched kernel reported goes in, and PASS, FAIL or NO POWER comes out,
// with a table, JSON, JUnit XML and an HTML page. It is a leaf: it boots
// nothing and knows no harness.
package verdict

import (
	"time"

	"mdlife/vmtests/event"
)

// Outcome is the verdict in one word.
type Outcome string

// The three outcomes of a run.
const (
	// Pass: the unpatched kernel shows the bug and the patched one keeps every
	// promise that the run looked at.
	Pass Outcome = "PASS"
	// Fail: the patched kernel broke a promise, or part of the run is missing.
	Fail Outcome = "FAIL"
	// NoPower: nothing failed, the unpatched kernel included, so that the run
	// says nothing about the patches.
	NoPower Outcome = "NO POWER"
)

// What a full run must reach on the patched kernel in [FullRace] of racing. A
// shorter run must reach its share.
const (
	FullOpens  = 100_000
	FullCycles = 1_000
	FullRace   = 10 * time.Second
)

// On 6.12 and 7.2 a stop cycle takes about ten times as long as on 6.1, with and
// without the series: the unpatched kernels come to some 40 cycles.
const (
	slowOpens  = 40_000
	slowCycles = 80
)

// Finding is something in a guest's console that should not be there; see
// package triage, which makes them.
type Finding struct {
	Kind   string   `json:"kind"`   // "warning", "oops", "hung task" …
	Title  string   `json:"title"`  // one line that identifies it
	Frames []string `json:"frames"` // the first frames of its stack
	Line   int      `json:"line"`   // its first line in the console log

	Allowed string `json:"allowed,omitempty"` // why it is expected; "" if it is not
}

// Kernel is what one guest was and what it reported.
type Kernel struct {
	Label     string  `json:"label"`          // heads the column: "unpatched", "patched", "your tree"
	Key       string  `json:"key"`            // content hash of sources, configuration and tools
	Release   string  `json:"release"`        // uname -r
	Version   string  `json:"version"`        // Debian package version, or what identifies the tree
	Tree      string  `json:"tree,omitempty"` // the developer's tree, where one was given
	SHA256    string  `json:"bzimage_sha256"` // of the kernel image that was booted
	Initramfs string  `json:"initramfs_key"`  // content hash of the initramfs
	Accel     string  `json:"accel"`          // "kvm" or "tcg"
	Machine   string  `json:"machine"`        // QEMU's machine type
	Console   string  `json:"console"`        // path of the console log
	Boot      float64 `json:"boot_s"`         // from QEMU's start to the guest's first event
	Wall      float64 `json:"wall_s"`         // from QEMU's start to its end

	Plan     event.Plan    `json:"plan"`
	Events   []event.Event `json:"-"`
	Findings []Finding     `json:"findings"`        // in the order of the console log
	Died     string        `json:"died,omitempty"`  // why the guest ended before its Done, one line
	Trace    string        `json:"trace,omitempty"` // for a guest that came to grief: console tail, stacks of blocked tasks
}

// Timing is one phase of the run on the host.
type Timing struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"s"`
}

// Input is a whole comparison run.
type Input struct {
	Base      string
	Seed      uint64
	Quick     bool
	Race      time.Duration // planned racing time of each guest, all phases together
	Started   time.Time
	Unpatched Kernel
	Patched   Kernel
	Timings   []Timing
}

// Judge applies every rule to the run.
func Judge(in Input) Report {
	rep := Report{
		Schema:      SchemaVersion,
		Base:        in.Base,
		Seed:        in.Seed,
		Quick:       in.Quick,
		Started:     in.Started.UTC(),
		RaceSeconds: in.Race.Seconds(),
		Minimum:     MinimumOf(in.Base, in.Race),
		Unpatched:   summarize(in.Unpatched),
		Patched:     summarize(in.Patched),
		Timings:     in.Timings,
	}
	for _, rule := range rules {
		rep.Rules = append(rep.Rules, rule(&rep)...)
	}
	rep.Verdict, rep.Reasons = decide(rep.Rules)
	return rep
}

// decide turns the rules' results into the outcome. A run without power that
// breaks no other rule is NO POWER; with another broken rule it is a FAIL.
func decide(results []Result) (Outcome, []string) {
	outcome := Pass
	var reasons []string
	for _, r := range results {
		if r.OK {
			continue
		}
		reasons = append(reasons, r.Reason())
		if r.Name != powerRule {
			outcome = Fail
		} else if outcome == Pass {
			outcome = NoPower
		}
	}
	return outcome, reasons
}

// MinimumOf scales what a full run must reach on a base to the planned racing time.
func MinimumOf(base string, race time.Duration) Minimum {
	share := min(1, race.Seconds()/FullRace.Seconds())
	opens, cycles := float64(slowOpens), float64(slowCycles)
	if base == "6.1" {
		opens, cycles = FullOpens, FullCycles
	}
	return Minimum{
		Opens:  int64(opens * share),
		Cycles: int64(cycles * share),
		Scaled: share < 1,
	}
}
