// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// arrayPrefix begins the name of a cell's rule.
const arrayPrefix = "array-"

// cells: every personality comes through what happens to it.
func cells(rep *Report) []Result {
	var rs []Result
	for _, c := range rep.Patched.Cells {
		r := Result{Name: arrayPrefix + c.Name, OK: c.OK && refusedBeside(c) == "", Seconds: c.Seconds}
		r.Detail = strings.TrimSpace(c.Detail + " " + orElse(refusedBeside(c), fmt.Sprintf("(%d opens beside it)", c.Opens["ok"])))
		if c.Skipped != "" {
			r.OK, r.Skipped, r.Detail = true, true, "skipped: "+c.Skipped
		}
		rs = append(rs, r)
	}
	return rs
}

// refusedBeside says which opens beside a cell failed, "" for none: whatever happens
// to an array, an open of its number does not (R7).
func refusedBeside(c event.Cell) string {
	var bad []string
	for _, errno := range slices.Sorted(maps.Keys(c.Opens)) {
		if errno != "ok" {
			bad = append(bad, fmt.Sprintf("%d %s", c.Opens[errno], errno))
		}
	}
	if len(bad) == 0 {
		return ""
	}
	return "beside it opens failed: " + strings.Join(bad, ", ")
}
