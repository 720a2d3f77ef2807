// SPDX-License-Identifier: BSD-3-Clause

// Package report turns what a command found into one [verdict.Outcome], prints it, and keeps
// it as JSON, as JUnit XML and, for a comparison, as an HTML page. Every command that judges
// ends in the same way: title, table, notes, reasons, seed, the command that repeats it, and
// the verdict's word on the last line.
package report

import (
	"time"

	"mdlife/vmtests/verdict"
)

// Run says which run of which command an outcome is of.
type Run struct {
	Command string    // of mdlife: "arrays"
	Base    string    // "6.1", or "" for a command of several bases
	Started time.Time // of the command
	Seed    uint64    // 0 where nothing is left to chance

	Userspace string // that was asked for, "" for the base's
}

// userspaceFlag is the flag that asks for the run's userspace, with a space before it.
func (r Run) userspaceFlag() string {
	if r.Userspace == "" {
		return ""
	}
	return " -userspace " + r.Userspace
}

// outcome starts an outcome.
func (r Run) outcome(title string) verdict.Outcome {
	return verdict.Outcome{Command: r.Command, Base: r.Base, Title: title, Started: r.Started.UTC(), Seed: r.Seed,
		Notes: []string{}, Files: []string{}, Columns: []string{}, Table: []verdict.Section{}, Suites: []verdict.Suite{}}
}

// guests starts an outcome whose columns are guests.
func (r Run) guests(title string, all []verdict.Guest) (verdict.Outcome, []*verdict.Summary) {
	o := r.outcome(title)
	o.Columns = []string{r.Base}
	if len(all) > 0 {
		o.Userspace = all[0].Userspace.String() // which is that of all
	}
	var ks []*verdict.Summary
	for _, g := range all {
		k := verdict.Summarize(g)
		ks = append(ks, &k)
		o.Columns = append(o.Columns, g.Label)
	}
	return o, ks
}

// suite is a guest's results.
func suite(g verdict.Guest, judged bool, results []verdict.Result) verdict.Suite {
	return verdict.Suite{Name: g.Label, Kernel: g.Key, Judged: judged, Seconds: g.Wall, Results: results}
}
