// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"slices"
	"time"
)

// OutcomeSchema is the version of [Outcome]'s JSON form. It rises when a field changes its
// meaning or goes; new fields do not raise it.
const OutcomeSchema = 1

// Outcome is what a command found. Every command that judges ends with one: package report
// prints it and keeps it as outcome.json and junit.xml. All durations are in seconds.
type Outcome struct {
	Schema    int       `json:"schema"`
	Command   string    `json:"command"`             // of mdlife: "arrays"
	Base      string    `json:"base,omitempty"`      // "6.1", or "" for a command of several bases
	Title     string    `json:"title"`               // one line
	Userspace string    `json:"userspace,omitempty"` // a line about what the guests have of Debian
	Verdict   Status    `json:"verdict"`             // "PASS", "FAIL" or "NO POWER"
	Reasons   []string  `json:"reasons"`             // the results that are judged and not kept, one line each
	Notes     []string  `json:"notes"`               // lines that are shown and not judged
	Started   time.Time `json:"started"`
	Seconds   float64   `json:"s"`              // from the start of the command to its verdict
	Seed      uint64    `json:"seed,omitempty"` // 0 where nothing was left to chance
	Again     string    `json:"again"`          // the command that repeats it
	Files     []string  `json:"files"`          // with more, relative to the repository
	Columns   []string  `json:"columns"`        // headings of the table
	Table     []Section `json:"table"`
	Suites    []Suite   `json:"suites"`
}

// Suite is the results of one kernel, or of one patch series.
type Suite struct {
	Name    string   `json:"name"`              // the kernel's label, or the series' name
	Kernel  string   `json:"kernel,omitempty"`  // content hash of the kernel
	Against string   `json:"against,omitempty"` // of the unpatched kernel that it is compared with
	Judged  bool     `json:"judged"`            // false for the unpatched kernel beside others
	Seconds float64  `json:"s,omitempty"`
	Results []Result `json:"results"`
}

// Without is the suite without what other says as well: of one guest judged twice, a rule
// counts once. What they say differently of a rule counts in both.
func (s Suite) Without(other Suite) Suite {
	s.Results = slices.DeleteFunc(slices.Clone(s.Results), func(r Result) bool {
		return slices.ContainsFunc(other.Results, func(o Result) bool {
			return o.Name == r.Name && o.OK == r.OK && o.Skipped == r.Skipped && (r.OK || o.Detail == r.Detail)
		})
	})
	return s
}

// Section is a titled part of a table.
type Section struct {
	Title string `json:"title"`
	Rows  []Row  `json:"rows"`
}

// Row is one figure or result, with a cell for each column.
type Row struct {
	Label string   `json:"label"`
	Cells []string `json:"cells"`
	Bad   bool     `json:"bad,omitempty"` // what is judged in it breaks a rule
}

// Conclude fills the verdict and its reasons from the suites that are judged. An outcome in
// which no judged test applied to any kernel fails: a skipped test is not a passed one. Where
// no suite is judged, a test that applied is enough.
func (o *Outcome) Conclude() {
	o.Schema = OutcomeSchema
	o.Verdict, o.Reasons = Pass, []string{}
	for _, s := range o.judged() {
		status, reasons := decide(s.Results)
		o.Verdict = worse(o.Verdict, status)
		for _, reason := range reasons {
			if len(o.Suites) > 1 {
				reason = s.Name + ": " + reason
			}
			o.Reasons = append(o.Reasons, reason)
		}
	}
	if !tested(o.judged()) && !(len(o.judged()) == 0 && tested(o.Suites)) && o.Verdict == Pass {
		o.Verdict, o.Reasons = Fail, []string{"nothing was tested" + whySkipped(o.Suites)}
	}
}

// judged returns the suites that are judged.
func (o *Outcome) judged() []Suite {
	return slices.DeleteFunc(slices.Clone(o.Suites), func(s Suite) bool { return !s.Judged })
}

// tested reports whether a test applied to any kernel. That a guest came through says nothing
// by itself.
func tested(suites []Suite) bool {
	return slices.ContainsFunc(suites, func(s Suite) bool {
		return slices.ContainsFunc(s.Results, func(r Result) bool { return !r.Skipped && !r.is("complete") && !r.is("dmesg") })
	})
}

// worse returns the worse of two verdicts.
func worse(a, b Status) Status {
	for _, s := range []Status{Fail, NoPower} {
		if a == s || b == s {
			return s
		}
	}
	return Pass
}

// whySkipped lists the first reasons for which tests did not apply, as the end of a sentence.
func whySkipped(suites []Suite) string {
	const most = 5
	why := ""
	seen := map[string]bool{}
	for _, s := range suites {
		for _, r := range s.Results {
			if line := r.Name + ": " + r.Detail; r.Skipped && !seen[line] && len(seen) < most {
				seen[line] = true
				why += "; " + line
			}
		}
	}
	if why == "" {
		return ""
	}
	return ":" + why[1:]
}

// Kept counts the judged results, and those of them that were kept. Skipped ones count as
// neither.
func (o *Outcome) Kept() (kept, all int) {
	for _, s := range o.Suites {
		for _, r := range s.Results {
			if !s.Judged || r.Skipped {
				continue
			}
			all++
			if r.OK {
				kept++
			}
		}
	}
	return kept, all
}

// AddResults adds a suite that is judged, and a section with a row for each of its results:
// "ok", "FAIL" or "skipped", and the detail.
func (o *Outcome) AddResults(suite string, results []Result) {
	s := Section{Title: suite}
	for _, r := range results {
		s.Rows = append(s.Rows, Row{Label: r.Name, Cells: []string{r.Word(), r.Detail}, Bad: !r.OK})
	}
	o.Table = append(o.Table, s)
	o.Suites = append(o.Suites, Suite{Name: suite, Judged: true, Results: results})
}

// Word is the result in a word: "ok", "FAIL" or "skipped".
func (r Result) Word() string {
	switch {
	case r.Skipped:
		return "skipped"
	case r.OK:
		return "ok"
	}
	return "FAIL"
}
