// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"

	"mdlife/vmtests/event"
)

// MergeTurns returns one result for each test case: of one that was run several times it says how often it
// failed, and what it said the first time that it did. It passes if it has passed each time.
func MergeTurns(cells []event.Cell) (merged []event.Cell) {
	turns := map[string][]event.Cell{}
	var names []string
	for _, c := range cells {
		if turns[c.Name] == nil {
			names = append(names, c.Name)
		}
		turns[c.Name] = append(turns[c.Name], c)
	}
	for _, name := range names {
		merged = append(merged, mergeTurns(turns[name]))
	}
	return merged
}

// mergeTurns makes one result of a test case's turns.
func mergeTurns(turns []event.Cell) event.Cell {
	res, failed, run := turns[0], 0, 0
	opens := map[string]int{}
	res.Seconds, res.IO = 0, 0
	for _, c := range turns {
		if c.Skipped == "" {
			run++
		}
		if !c.OK && c.Skipped == "" {
			if failed++; failed == 1 {
				res.OK, res.Skipped, res.Detail = false, "", c.Detail
			}
		}
		for outcome, n := range c.Opens {
			opens[outcome] += n
		}
		res.Crashed = res.Crashed || c.Crashed
		res.Seconds += c.Seconds
		res.IO += c.IO
	}
	if len(opens) > 0 {
		res.Opens = opens
	}
	if len(turns) > 1 && run > 0 {
		res.Detail = fmt.Sprintf("%d of %d failed: %s", failed, run, res.Detail)
	}
	return res
}
