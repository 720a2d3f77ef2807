// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/race"
	"mdlife/vmtests/requirement"
)

// summary describes a race for people. Outcomes that the requirements do not
// allow have an exclamation mark.
func summary(res event.Race) string {
	var b strings.Builder
	opens, failures := race.Totals(res.Spec, res.Calls)
	fmt.Fprintf(&b, "%s, %d members, %d openers, seed %d: %.1f s, %d opens, %d stop cycles, %d failures\n",
		res.Spec.Stop, res.Spec.Members, res.Spec.Openers, res.Seed, res.Seconds, opens, res.Cycles, failures)
	for _, call := range slices.Sorted(maps.Keys(res.Calls)) {
		fmt.Fprintf(&b, "  %-16s", call)
		for _, out := range slices.Sorted(maps.Keys(res.Calls[call])) {
			mark := ""
			if !requirement.Allowed(res.Spec, call, out) {
				mark = "!"
			}
			fmt.Fprintf(&b, " %s%s %d", out, mark, res.Calls[call][out])
		}
		b.WriteByte('\n')
	}
	for _, l := range []struct {
		name string
		lat  event.Latency
	}{{"open", res.Open}, {"stop", res.Stop}, {"close to gone", res.Gone}} {
		fmt.Fprintf(&b, "  %-16s p50 %.0f us, p99 %.0f us, max %.0f us (%d)\n",
			l.name, l.lat.P50, l.lat.P99, l.lat.Max, l.lat.Count)
	}
	fmt.Fprintf(&b, "  uevents          %v\n", res.Uevents)
	for _, list := range []struct {
		name  string
		items []string
	}{{"left", res.Left}, {"leak", res.Leaks}, {"note", res.Notes}} {
		for _, item := range list.items {
			fmt.Fprintf(&b, "  %s: %s\n", list.name, item)
		}
	}
	return b.String()
}

// clean reports whether nothing failed, stayed or leaked.
func clean(res event.Race) bool {
	_, failures := race.Totals(res.Spec, res.Calls)
	return failures == 0 && len(res.Left) == 0 && len(res.Leaks) == 0
}
