// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"strings"
	"time"

	"mdlife/internal/figures"
	"mdlife/vmtests/verdict"
)

// Mutant is a mutant of the series, and the rules that noticed it.
type Mutant struct {
	Name, Subject, Requirement string
	Tests                      []string         // that must notice it
	Killers                    []verdict.Result // the rules that were not kept
	Took                       time.Duration    // from the patch to the verdict
}

// Mutants is the outcome of mdlife mutants: a row for each mutant with what it takes out of
// the series, and the rules that noticed. A mutant that no rule noticed has survived.
func (r Run) Mutants(all []Mutant) verdict.Outcome {
	o := r.outcome("Mutants of the series on " + r.Base)
	o.Columns = []string{r.Base, "takes out", "breaks", "killed by", "after"}
	s := verdict.Section{Title: fmt.Sprintf("%s mutants", figures.Count(int64(len(all))))}
	suite := verdict.Suite{Name: "mutants", Judged: true}
	for _, m := range all {
		result := m.result()
		s.Rows = append(s.Rows, verdict.Row{Label: m.Name, Bad: !result.OK,
			Cells: []string{m.Subject, m.Requirement, result.Detail, fmt.Sprintf("%.0f s", m.Took.Seconds())}})
		suite.Results = append(suite.Results, result)
	}
	o.Table, o.Suites = []verdict.Section{s}, []verdict.Suite{suite}
	o.Conclude()
	return o
}

// result is kept where the mutant was killed.
func (m Mutant) result() verdict.Result {
	var by []string
	for _, r := range m.Killers {
		by = append(by, r.Name)
	}
	result := verdict.Result{Name: m.Name, Requirement: m.Requirement, OK: len(by) > 0,
		Detail: strings.Join(by, ", "), Seconds: m.Took.Seconds()}
	if !result.OK {
		result.Detail = "SURVIVED: " + strings.Join(m.Tests, ", ") + " did not notice"
	}
	return result
}
