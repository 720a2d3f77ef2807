// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"strings"
	"time"

	"mdlife/vmtests/event"
)

// SchemaVersion is the version of [Report]'s JSON form. It rises when a field
// changes its meaning or goes; new fields do not raise it.
const SchemaVersion = 1

// Report is the judged run. Its JSON form is out/<base>/verdict.json, and the
// field comments here and in package event are its schema (docs/verdict.md
// describes it in prose). All durations are in seconds, latencies in microseconds.
type Report struct {
	Schema      int       `json:"schema"`
	Verdict     Status    `json:"verdict"` // "PASS", "FAIL" or "NO POWER"
	Reasons     []string  `json:"reasons"` // the rules that were not kept, one line each
	Base        string    `json:"base"`
	Seed        uint64    `json:"seed"` // replays the run with -seed
	Quick       bool      `json:"quick"`
	Started     time.Time `json:"started"`
	RaceSeconds float64   `json:"race_s"` // planned racing time of each guest
	Minimum     Minimum   `json:"minimum"`
	Full        Minimum   `json:"-"` // the minimum of a full run
	Rules       []Result  `json:"rules"`
	Unpatched   Summary   `json:"unpatched"`
	Patched     Summary   `json:"patched"`
	Timings     []Timing  `json:"timings"` // phases on the host
}

// Minimum is what the patched kernel's races must reach in total.
type Minimum struct {
	Opens  int64 `json:"opens"`
	Cycles int64 `json:"cycles"`
	Scaled bool  `json:"scaled"` // true where the run was too short for the full figures
}

// Summary is one guest's run with its events sorted by kind.
type Summary struct {
	Guest
	BootInfo *event.BootInfo `json:"hello"`
	Total    Total           `json:"total"`   // over all races
	Races    []event.Race    `json:"races"`   // in the order in which they ran
	Mdadm    *event.Mdadm    `json:"mdadm"`   // null where the loop did not run
	Checks   []event.Check   `json:"checks"`  // in the order in which they ran
	Windows  []event.Window  `json:"windows"` // in the order in which they ran
	Cells    []event.Cell    `json:"cells,omitempty"`
	Client   *event.Client   `json:"client,omitempty"`
	Bench    []event.Bench   `json:"bench,omitempty"`
	Soak     *event.Soak     `json:"soak,omitempty"`
	Done     *event.Done     `json:"done"` // null where the guest ended early
}

// named returns the kernel's name in a reason: "the patched kernel", or the heading of its
// column, "your tree".
func (k *Summary) named() string {
	if k.Tree != "" {
		return k.Label
	}
	return "the " + k.Label + " kernel"
}

// Total sums a kernel's races.
type Total struct {
	Opens     int64            `json:"opens"`      // tried, in all modes
	OpenFails map[string]int64 `json:"open_fails"` // by errno, the allowed ones included
	Refused   int64            `json:"refused"`    // opens that failed although R7 allows no such failure
	Judged    int64            `json:"judged"`     // opens that succeeded or were refused: those that say something about R7
	Cycles    int64            `json:"cycles"`     // stops that succeeded
	Seconds   float64          `json:"seconds"`    // racing time
	Open      event.Latency    `json:"open"`
	Stop      event.Latency    `json:"stop"`
	Gone      event.Latency    `json:"gone"`
}

// Result says whether a rule was kept, and what shows it.
type Result struct {
	Name        string  `json:"name"` // unique in a report
	Requirement string  `json:"requirement,omitempty"`
	OK          bool    `json:"ok"`
	Detail      string  `json:"detail"` // what the guest reported
	Seconds     float64 `json:"s,omitempty"`
	Skipped     bool    `json:"skipped,omitempty"` // the test does not apply to this kernel
}

// Reason is the line that a broken rule contributes to the verdict.
func (r Result) Reason() string {
	if strings.HasPrefix(r.Name, r.Requirement) { // a check's name begins with it
		return r.Name + ": " + r.Detail
	}
	return r.Requirement + " " + r.Name + ": " + r.Detail
}

// Summarize sorts a guest's events by kind and sums its races.
func Summarize(k Guest) Summary {
	p := Summary{Guest: k}
	for _, e := range k.Events {
		switch {
		case e.BootInfo != nil && p.BootInfo == nil:
			p.BootInfo = e.BootInfo
		case e.Check != nil:
			p.Checks = append(p.Checks, *e.Check)
		case e.Window != nil:
			p.Windows = append(p.Windows, *e.Window)
		case e.Race != nil:
			p.Races = append(p.Races, *e.Race)
		case e.Mdadm != nil:
			p.Mdadm = e.Mdadm
		case e.Cell != nil:
			p.Cells = append(p.Cells, *e.Cell)
		case e.Client != nil:
			p.Client = e.Client
		case e.Bench != nil:
			p.Bench = append(p.Bench, *e.Bench)
		case e.Soak != nil:
			p.Soak = e.Soak
		case e.Done != nil:
			p.Done = e.Done
		}
	}
	p.Total = Sum(p.Races)
	return p
}
