// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// Arrays is the outcome of mdlife arrays: for each kernel, how every personality came
// through every scenario. The unpatched kernel's failures are listed and not judged; but of claimed, the
// test cases that a patch is for, each that the unpatched kernel passes has no power: its pass on the
// other kernels shows nothing, and does not count.
func (r Run) Arrays(guests []verdict.Guest, claimed []string) verdict.Outcome {
	o, ks := r.guests("Arrays of every personality on "+r.Base, guests)
	personalities := personalities(guests)
	o.Columns = append([]string{r.Base}, personalities...)
	powerless := powerless(guests, claimed)
	for i, g := range guests {
		k := ks[i]
		k.Cells = verdict.MergeTurns(k.Cells)
		results := verdict.Alone(g)
		if !g.Unpatched {
			discount(k, results, powerless)
		}
		o.Table = append(o.Table, caseSection(k, personalities), opensSection(k, personalities))
		o.Suites = append(o.Suites, suite(g, !g.Unpatched, results))
		o.Notes = append(o.Notes, bootNotes(k)...)
		if g.Unpatched {
			o.Notes = append(o.Notes, failedCases(k)...)
		}
	}
	o.Conclude()
	if name := firstBroken(o.Suites); name != "" {
		o.Notes = append(o.Notes, fmt.Sprintf("One test case again: mdlife arrays -base %s%s -seed %d -kernels patched -only %s", r.Base, r.userspaceFlag(), r.Seed, name))
	}
	return o
}

// noPower begins what is said of a test case that passes on the unpatched kernel, too, though a patch is
// claimed to be what it takes.
const noPower = "no power"

// powerless returns those of the claimed test cases that the unpatched kernel has passed.
func powerless(guests []verdict.Guest, claimed []string) map[string]bool {
	names := map[string]bool{}
	for _, g := range guests {
		if !g.Unpatched {
			continue
		}
		for _, c := range verdict.MergeTurns(verdict.Summarize(g).Cells) {
			if c.OK && c.Skipped == "" && slices.Contains(claimed, c.Name) {
				names[c.Name] = true
			}
		}
	}
	return names
}

// discount has no pass of a powerless test case count.
func discount(k *verdict.Summary, results []verdict.Result, powerless map[string]bool) {
	const why = noPower + ": the unpatched kernel passes it, too"
	for i, c := range k.Cells {
		if powerless[c.Name] && c.OK && c.Skipped == "" {
			k.Cells[i].Skipped = why
		}
	}
	for i, r := range results {
		if name, ok := strings.CutPrefix(r.Name, verdict.CasePrefix); ok && powerless[name] && r.OK && !r.Skipped {
			results[i].Skipped, results[i].Detail = true, "skipped: "+why
		}
	}
}

// firstBroken is the name of the first test case that failed on a kernel that is judged.
func firstBroken(suites []verdict.Suite) string {
	for _, s := range suites {
		for _, r := range verdict.Broken(s.Results) {
			if name, ok := strings.CutPrefix(r.Name, verdict.CasePrefix); ok && s.Judged {
				return name
			}
		}
	}
	return ""
}

// failedCases says which test cases failed, and with what, and how the guest ended early.
func failedCases(k *verdict.Summary) (lines []string) {
	if k.Died != "" && len(k.Boots) == 0 {
		lines = append(lines, fmt.Sprintf("%s (not judged): %s, see %s", k.Label, k.Died, k.Console))
	}
	notRun := 0
	for _, c := range k.Cells {
		switch {
		case strings.HasPrefix(c.Detail, event.CellNotRun):
			notRun++
		case !c.OK && c.Skipped == "":
			lines = append(lines, fmt.Sprintf("%s (not judged): %s: %s", k.Label, c.Name, c.Detail))
		}
	}
	if notRun > 0 {
		lines = append(lines, fmt.Sprintf("%s (not judged): %d test cases were %s", k.Label, notRun, event.CellNotRun))
	}
	return lines
}

// bootNotes says how guests of a kernel have ended early, and what has become of the test cases that ran
// then: one that has passed since has done so alone.
func bootNotes(k *verdict.Summary) (lines []string) {
	for i, b := range k.Boots {
		if b.Died == "" {
			continue
		}
		line := fmt.Sprintf("%s: boot %d of %d ended early: %s, see %s", k.Label, i+1, len(k.Boots), b.Died, b.Console)
		var fates []string
		for _, name := range b.Ran {
			fates = append(fates, name+fate(k.Cells, name))
		}
		if len(fates) > 0 {
			line += "; then ran " + strings.Join(fates, ", ")
		}
		lines = append(lines, line)
	}
	return lines
}

// fate is what has become of a test case that ran when a guest ended early.
func fate(cells []event.Cell, name string) string {
	i := slices.IndexFunc(cells, func(c event.Cell) bool { return c.Name == name })
	switch {
	case i < 0:
		return ""
	case cells[i].Crashed && cells[i].Boot > 0:
		return fmt.Sprintf(" (ended boot %d, alone)", cells[i].Boot)
	case cells[i].Crashed:
		return " (not run alone)"
	case cells[i].OK:
		return fmt.Sprintf(" (passes alone, in boot %d)", cells[i].Boot)
	}
	return fmt.Sprintf(" (fails alone, in boot %d)", cells[i].Boot)
}

// personalities lists those of the test cases, in order.
func personalities(guests []verdict.Guest) (names []string) {
	for _, g := range guests {
		for _, c := range verdict.Summarize(g).Cells {
			if !slices.Contains(names, c.Personality) {
				names = append(names, c.Personality)
			}
		}
	}
	slices.Sort(names)
	return names
}

// caseSection is a table of scenarios and personalities.
func caseSection(k *verdict.Summary, personalities []string) verdict.Section {
	s := verdict.Section{Title: k.Label}
	for _, c := range k.Cells {
		_, scenario, _ := strings.Cut(c.Name, "/")
		i := slices.IndexFunc(s.Rows, func(r verdict.Row) bool { return r.Label == scenario })
		if i < 0 {
			i = len(s.Rows)
			s.Rows = append(s.Rows, verdict.Row{Label: scenario, Cells: slices.Repeat([]string{figures.None}, len(personalities))})
		}
		word := caseWord(c)
		s.Rows[i].Cells[slices.Index(personalities, c.Personality)] = word
		s.Rows[i].Bad = s.Rows[i].Bad || !k.Unpatched && word != "ok" && c.Skipped == ""
	}
	slices.SortStableFunc(s.Rows, func(a, b verdict.Row) int { return strings.Compare(a.Label, b.Label) })
	return s
}

// caseWord is a test case's result in a word.
func caseWord(c event.Cell) string {
	switch {
	case strings.HasPrefix(c.Skipped, noPower):
		return noPower
	case c.Skipped != "":
		return figures.None
	case c.Crashed:
		return "crash"
	case !c.OK:
		return "FAIL"
	case verdict.OpensRefused(c) != "":
		return "opens"
	}
	return "ok"
}

// opensSection counts the opens, and the reads and writes, beside the test cases.
func opensSection(k *verdict.Summary, personalities []string) verdict.Section {
	opens, io := verdict.Row{Label: "failed, of opens"}, verdict.Row{Label: "reads and writes"}
	for _, p := range personalities {
		var all, failed, ios int64
		for _, c := range k.Cells {
			if c.Personality != p {
				continue
			}
			ios += int64(c.IO)
			for errno, n := range c.Opens {
				all += int64(n)
				if errno != "ok" {
					failed += int64(n)
				}
			}
		}
		opens.Cells = append(opens.Cells, fmt.Sprintf("%s, %s", figures.Count(failed), figures.Count(all)))
		io.Cells = append(io.Cells, figures.Count(ios))
	}
	return verdict.Section{Title: k.Label + ": beside it, by the number", Rows: []verdict.Row{opens, io}}
}

// cellsOf is a kernel with the results of its test cases.
type cellsOf struct {
	verdict.Guest
	Cells []event.Cell `json:"cells"`
}

// WriteCells writes into a directory, as [CellsFile], what each test case reported on each
// kernel.
func WriteCells(dir string, guests []verdict.Guest) error {
	var all []cellsOf
	for _, g := range guests {
		all = append(all, cellsOf{g, verdict.Summarize(g).Cells})
	}
	return writeAll(dir, map[string]func(io.Writer) error{
		CellsFile: func(w io.Writer) error { return writeJSON(w, all) },
	})
}
