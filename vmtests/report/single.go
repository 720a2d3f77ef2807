// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"strings"

	"mdlife/vmtests/verdict"
)

// Tests is the outcome of mdlife run: one kernel judged by itself, a row for each rule.
func (r Run) Tests(g verdict.Guest) verdict.Outcome {
	results := verdict.Alone(g)
	o := r.Results("Tests on "+r.Base+": "+g.Label, g.Label, results)
	o.Userspace = g.Userspace.String()
	o.Suites = []verdict.Suite{suite(g, true, results)}
	if g.Trace != "" {
		o.Notes = append(o.Notes, strings.TrimSpace(g.Trace))
	}
	o.Files = append(o.Files, g.Console)
	o.Conclude()
	return o
}

// Results is an outcome of one suite, with a row for each result.
func (r Run) Results(title, suite string, results []verdict.Result) verdict.Outcome {
	o := r.Suites(title)
	o.AddResults(suite, results)
	return o
}

// Suites is an outcome to which suites are added by [verdict.Outcome.AddResults].
func (r Run) Suites(title string) verdict.Outcome {
	o := r.outcome(title)
	o.Columns = []string{r.Base, "result", "detail"}
	return o
}
