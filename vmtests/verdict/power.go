// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// Power is what has become of arrays on a machine that was killed.
type Power struct {
	Label  string       `json:"label"` // of the kernel
	Seed   uint64       `json:"seed"`
	Cuts   int          `json:"cuts"` // how often the machine was killed under all of them
	Arrays []PowerArray `json:"arrays"`
}

// PowerArray sums up one array.
type PowerArray struct {
	Name   string `json:"name"`
	Looks  int    `json:"looks"`  // how often it was assembled and read after a cut
	Acked  uint64 `json:"acked"`  // writings that were acknowledged
	Looked int    `json:"looked"` // blocks read in all looks
	Forced int    `json:"forced"` // how often it took mdadm --force
	Holes  int    `json:"holes"`  // blocks lost to the write hole
	Wrong  string `json:"wrong"`  // the first loss, "" for none
}

// Add enters what was found after one cut.
func (p *Power) Add(e event.Power) {
	i := 0
	for ; i < len(p.Arrays) && p.Arrays[i].Name != e.Array; i++ {
	}
	if i == len(p.Arrays) {
		p.Arrays = append(p.Arrays, PowerArray{Name: e.Array})
	}
	a := &p.Arrays[i]
	a.Looks++
	a.Acked = e.Acked
	a.Looked += e.Looked
	a.Holes += e.Holes
	if e.Forced {
		a.Forced++
	}
	if a.Wrong == "" && e.Wrong != "" {
		a.Wrong = fmt.Sprintf("after cut %d: %s", a.Looks, e.Wrong)
	}
}

// Broken says what was lost that had been acknowledged.
func (p Power) Broken() (problems []string) {
	for _, a := range p.Arrays {
		if a.Wrong != "" {
			problems = append(problems, a.Name+": "+a.Wrong)
		}
		if a.Looks != p.Cuts {
			problems = append(problems, fmt.Sprintf("%s: looked at after %d of %d cuts", a.Name, a.Looks, p.Cuts))
		}
	}
	if len(p.Arrays) == 0 {
		problems = append(problems, "no array was looked at")
	}
	return problems
}

// WritePower prints a row for each array.
func WritePower(w io.Writer, p Power) error {
	s := Section{Title: fmt.Sprintf("%s: the machine was killed %d times", p.Label, p.Cuts)}
	slices.SortFunc(p.Arrays, func(a, b PowerArray) int { return strings.Compare(a.Name, b.Name) })
	for _, a := range p.Arrays {
		lost := none
		if a.Wrong != "" {
			lost = a.Wrong
		}
		s.Rows = append(s.Rows, Row{Label: a.Name, Bad: a.Wrong != "", Cells: []string{
			fmt.Sprint(a.Looks), group(int64(a.Acked)), group(int64(a.Looked)), fmt.Sprint(a.Forced), fmt.Sprint(a.Holes), lost,
		}})
	}
	_, err := fmt.Fprintln(w, render([]Section{s}, "", "looked at", "writings acknowledged", "blocks read", "by --force", "write hole", "lost"))
	return err
}
