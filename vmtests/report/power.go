// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"

	"mdlife/internal/figures"
	"mdlife/vmtests/verdict"
)

// PowerCuts is the outcome of mdlife power: a row for each array.
func (r Run) PowerCuts(p verdict.PowerCuts) verdict.Outcome {
	o := r.outcome(fmt.Sprintf("Power cuts on %s: the machine was killed %d times under %d arrays", r.Base, p.Cuts, len(p.Arrays)))
	o.Userspace = p.Userspace.String()
	o.Columns = []string{r.Base, "looked at", "writes acknowledged", "blocks read", "by --force", "write hole", "lost"}
	s := verdict.Section{Title: fmt.Sprintf("%s: the machine was killed %d times", p.Label, p.Cuts)}
	for _, a := range p.Sorted() {
		lost := figures.None
		if a.Wrong != "" {
			lost = a.Wrong
		}
		s.Rows = append(s.Rows, verdict.Row{Label: a.Name, Bad: a.Wrong != "", Cells: []string{
			fmt.Sprint(a.Looks), figures.Count(int64(a.Acked)), figures.Count(int64(a.Looked)), fmt.Sprint(a.Forced), fmt.Sprint(a.Holes), lost,
		}})
	}
	o.Table = []verdict.Section{s}
	o.Suites = []verdict.Suite{{Name: p.Label, Judged: true, Results: p.Results()}}
	o.Conclude()
	return o
}
