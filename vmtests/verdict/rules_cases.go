// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// CasePrefix begins the name of the rule of an array's test case.
const CasePrefix = "array-"

// testCases: every personality comes through each scenario, and no open of the array's
// number fails meanwhile.
func testCases(rep *Report) (results []Result) {
	for _, c := range MergeTurns(rep.Patched.Cells) {
		r := Result{Name: CasePrefix + c.Name, OK: c.OK && OpensRefused(c) == "", Seconds: c.Seconds}
		r.Detail = strings.TrimSpace(c.Detail + " " + cmp.Or(OpensRefused(c), fmt.Sprintf("(%d opens beside it)", c.Opens["ok"])))
		if c.Skipped != "" {
			r.OK, r.Skipped, r.Detail = true, true, "skipped: "+c.Skipped
		}
		results = append(results, r)
	}
	return results
}

// OpensRefused says which opens beside a test case failed, "" for none: whatever happens
// to an array, an open of its number does not fail (R7).
func OpensRefused(c event.Cell) string {
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
