// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// WriteCells prints, for each kernel, what every personality made of every subject:
// "ok", "opens" where only opens beside it failed, "FAIL", or "–" for what there is
// not; and below it what the unpatched one did not come through. It returns what the
// others did not.
func WriteCells(w io.Writer, guests []Kernel) (problems []string, err error) {
	personalities := personalities(guests)
	var sections []Section
	var unpatched []string
	for _, g := range guests {
		k := summarize(g)
		sections = append(sections, cellSection(&k, personalities), besideSection(&k, personalities))
		if g.Label == "unpatched" {
			unpatched = append(unpatched, failed(&k)...)
			continue
		}
		for _, r := range alone(k) {
			if !r.OK {
				problems = append(problems, g.Label+": "+r.Reason())
			}
		}
	}
	if problems == nil && !slices.ContainsFunc(guests, ranCell) {
		problems = []string{"nothing was tested: these kernels have none of the cells (" + guests[0].Label + " of " + guests[0].Release + ")"}
	}
	_, err = fmt.Fprintln(w, render(sections, append([]string{""}, personalities...)...))
	for _, line := range unpatched {
		fmt.Fprintln(w, line)
	}
	return problems, err
}

// ranCell tells whether a kernel had any of the cells.
func ranCell(g Kernel) bool {
	return slices.ContainsFunc(summarize(g).Cells, func(c event.Cell) bool { return c.Skipped == "" })
}

// failed says which cells failed, and with what, and how the guest ended before its time.
func failed(k *KernelPart) (lines []string) {
	if k.Died != "" {
		lines = append(lines, fmt.Sprintf("%s (not judged): %s, see %s", k.Label, k.Died, k.Console))
	}
	left := 0
	for _, c := range k.Cells {
		switch {
		case strings.HasPrefix(c.Detail, event.CellNotRun):
			left++
		case !c.OK && c.Skipped == "":
			lines = append(lines, fmt.Sprintf("%s (not judged): %s: %s", k.Label, c.Name, c.Detail))
		}
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("%s (not judged): %d cells were %s", k.Label, left, event.CellNotRun))
	}
	return lines
}

// personalities lists those of the cells, in their order.
func personalities(guests []Kernel) (names []string) {
	for _, g := range guests {
		for _, c := range summarize(g).Cells {
			if !slices.Contains(names, c.Personality) {
				names = append(names, c.Personality)
			}
		}
	}
	slices.SortStableFunc(names, strings.Compare)
	return names
}

// cellSection is a table of subjects and personalities.
func cellSection(k *KernelPart, personalities []string) Section {
	s := Section{Title: k.Label}
	for _, c := range k.Cells {
		_, subject, _ := strings.Cut(c.Name, "/")
		i := slices.IndexFunc(s.Rows, func(r Row) bool { return r.Label == subject })
		if i < 0 {
			i = len(s.Rows)
			row := Row{Label: subject}
			for range personalities {
				row.Cells = append(row.Cells, none)
			}
			s.Rows = append(s.Rows, row)
		}
		s.Rows[i].Cells[slices.Index(personalities, c.Personality)] = cellWord(c)
		s.Rows[i].Bad = s.Rows[i].Bad || k.Label != "unpatched" && cellWord(c) != "ok" && c.Skipped == ""
	}
	slices.SortStableFunc(s.Rows, func(a, b Row) int { return strings.Compare(a.Label, b.Label) })
	return s
}

// cellWord is a cell in a word.
func cellWord(c event.Cell) string {
	switch {
	case c.Skipped != "":
		return none
	case !c.OK:
		return "FAIL"
	case refusedBeside(c) != "":
		return "opens"
	}
	return "ok"
}

// besideSection counts the opens beside the cells.
func besideSection(k *KernelPart, personalities []string) Section {
	row := Row{Label: "failed, of opens"}
	for _, p := range personalities {
		var all, failed int64
		for _, c := range k.Cells {
			if c.Personality != p {
				continue
			}
			for errno, n := range c.Opens {
				all += int64(n)
				if errno != "ok" {
					failed += int64(n)
				}
			}
		}
		row.Cells = append(row.Cells, fmt.Sprintf("%s, %s", group(failed), group(all)))
	}
	return Section{Title: k.Label + ": opens of the number beside it", Rows: []Row{row}}
}
