// SPDX-License-Identifier: BSD-3-Clause

// Package verdict judges what guests reported. [Judge] compares the unpatched kernel with
// the patched one: PASS, FAIL or NO POWER. [Alone] judges one kernel by itself. Every
// command of mdlife ends with an [Outcome], which package report prints and keeps. This
// package boots nothing and knows no harness.
package verdict

import (
	"time"

	"mdlife/vmtests/event"
	"mdlife/vmtests/triage"
)

// Status is a verdict in one word.
type Status string

// The three verdicts.
const (
	// Pass: the unpatched kernel shows the bug and the patched one keeps every
	// promise that the run looked at.
	Pass Status = "PASS"
	// Fail: the patched kernel broke a promise, or part of the run is missing.
	Fail Status = "FAIL"
	// NoPower: nothing failed, the unpatched kernel included, so that the run
	// says nothing about the patches.
	NoPower Status = "NO POWER"
)

// FullRace is how long a full run races. A base says how many opens and stop cycles the
// patched kernel must reach in it; a shorter run must reach its share.
const FullRace = 10 * time.Second

// Finding is something in a guest's console that must not be there.
type Finding = triage.Finding

// Guest is one guest's run: the kernel that it booted, its plan, and what it reported.
type Guest struct {
	Label     string    `json:"label"`          // heads the column: "unpatched", "patched", "your tree"
	Unpatched bool      `json:"-"`              // the kernel without the series, which need not keep any requirement
	Key       string    `json:"key"`            // content hash of sources, configuration and tools
	Release   string    `json:"release"`        // uname -r
	Version   string    `json:"version"`        // Debian package version, or what identifies the tree
	Tree      string    `json:"tree,omitempty"` // the developer's tree, where one was given
	SHA256    string    `json:"bzimage_sha256"` // of the kernel image that was booted
	Initramfs string    `json:"initramfs_key"`  // content hash of the initramfs
	Userspace Userspace `json:"userspace"`
	Accel     string    `json:"accel"`   // "kvm" or "tcg"
	Machine   string    `json:"machine"` // QEMU's machine type
	Console   string    `json:"console"` // path of the console log
	Boot      float64   `json:"boot_s"`  // from QEMU's start to the guest's first event
	Wall      float64   `json:"wall_s"`  // from QEMU's start to its end

	Plan     event.Plan    `json:"plan"`
	Events   []event.Event `json:"-"`
	Findings []Finding     `json:"findings"`        // in the order of the console log
	Died     string        `json:"died,omitempty"`  // why the guest ended before its Done, one line
	Trace    string        `json:"trace,omitempty"` // of a guest that died: console tail, stacks of blocked tasks
	Before   int           `json:"-"`               // how many of the events came before the console's first finding
	Boots    []Boot        `json:"boots,omitempty"` // the guests that it took, one after the other, if not one that lived
}

// Boot is one of the guests that ran a kernel's test cases of arrays, one after the other: each
// was booted for what the one before it had left when it ended early.
type Boot struct {
	Console string   `json:"console"`
	Seconds float64  `json:"s"`
	Cases   int      `json:"cases"`          // how many test cases have their result from it
	Died    string   `json:"died,omitempty"` // why it ended early, one line
	Ran     []string `json:"ran,omitempty"`  // the test cases that ran then
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
	Full      Minimum       // what the patched kernel must reach in [FullRace] on this base
	Race      time.Duration // planned racing time of each guest, all phases together
	Started   time.Time
	Unpatched Guest
	Patched   Guest
	Timings   []Timing
}

// Judge applies every rule of a comparison to the run.
func Judge(in Input) Report {
	in.Unpatched.Unpatched = true
	rep := Report{
		Schema:      SchemaVersion,
		Base:        in.Base,
		Seed:        in.Seed,
		Quick:       in.Quick,
		Started:     in.Started.UTC(),
		RaceSeconds: in.Race.Seconds(),
		Minimum:     in.Full.Share(in.Race),
		Full:        in.Full,
		Unpatched:   Summarize(in.Unpatched),
		Patched:     Summarize(in.Patched),
		Timings:     in.Timings,
	}
	rep.Rules = apply(comparing, &rep)
	rep.Verdict, rep.Reasons = decide(rep.Rules)
	return rep
}

// decide turns the rules' results into the verdict. A run without power that
// breaks no other rule is NO POWER; with another broken rule it is a FAIL.
func decide(results []Result) (Status, []string) {
	status := Pass
	var reasons []string
	for _, r := range results {
		if r.OK {
			continue
		}
		reasons = append(reasons, r.Reason())
		if r.Name != powerRule {
			status = Fail
		} else if status == Pass {
			status = NoPower
		}
	}
	return status, reasons
}

// Share scales the minimum of a full run to the planned racing time.
func (full Minimum) Share(race time.Duration) Minimum {
	share := min(1, race.Seconds()/FullRace.Seconds())
	return Minimum{
		Opens:  int64(float64(full.Opens) * share),
		Cycles: int64(float64(full.Cycles) * share),
		Scaled: share < 1,
	}
}
