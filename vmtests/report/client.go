// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// Client is the outcome of mdlife client: what mdadm's users met on each kernel, side by
// side. The unpatched kernel is shown and not judged.
func (r Run) Client(guests []verdict.Guest) verdict.Outcome {
	o, ks := r.guests("Everything that mdadm does, in a loop, on "+r.Base, guests)
	broken := map[string]bool{}
	for _, g := range guests {
		results := verdict.Alone(g)
		o.Suites = append(o.Suites, suite(g, !g.Unpatched, results))
		if g.Unpatched {
			o.Notes = append(o.Notes, notJudged(g.Label, results)...)
			continue
		}
		for _, b := range verdict.Broken(results) {
			broken[b.Name] = true
		}
	}
	var loops, judged []*event.Client // nil where one was not reported
	for _, k := range ks {
		loops = append(loops, k.Client)
		if !k.Unpatched {
			judged = append(judged, k.Client)
		}
	}
	o.Table = []verdict.Section{kernels(ks...), clientSection(loops, slices.Contains(judged, nil), broken), actionSection(loops, judged), findings(ks...)}
	o.Conclude()
	return o
}

// clientSection is what remained of arrays, and what failed. lost says that a kernel that is
// judged did not report its loop, broken which rules one of them did not keep.
func clientSection(loops []*event.Client, lost bool, broken map[string]bool) verdict.Section {
	s := verdict.Section{Title: "all that mdadm does, under a stray reader"}
	addRow(&s, "cycles", lost, loops, func(c *event.Client) string {
		return fmt.Sprintf("%d in %s", c.Cycles, figures.Seconds(c.Seconds))
	})
	addRow(&s, "device there right after a stop", lost, loops, func(c *event.Client) string {
		return fmt.Sprintf("%d of %d", c.ThereAfterStop, c.Stops)
	})
	addRow(&s, "device there when it has settled", lost || broken["client-settled"], loops, func(c *event.Client) string {
		return fmt.Sprintf("%d of %d", c.ThereSettled, c.Settled)
	})
	addRow(&s, "devices left at the end", lost || broken["client-left"], loops, func(c *event.Client) string { return figures.List(c.LeftAtEnd) })
	addRow(&s, "reads by the stray reader", lost || broken["client-reads"], loops, func(c *event.Client) string { return figures.Count(c.Reads) })
	addRow(&s, "of these failed", false, loops, func(c *event.Client) string { return figures.Counts(c.ReadErrors) })
	addRow(&s, "what went wrong", lost || broken["client-failed"], loops, func(c *event.Client) string {
		return strings.Join(verdict.ClientErrors(c), "; ")
	})
	dropEmpty(&s, "of these failed")
	return s
}

// actionSection counts how often each action was tried, and how often it failed.
func actionSection(loops, judged []*event.Client) verdict.Section {
	names := map[string]bool{}
	for _, c := range loops {
		if c != nil {
			for name := range c.Done {
				names[name] = true
			}
		}
	}
	s := verdict.Section{Title: "failed, of how many"}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		failed := func(c *event.Client) bool { return c == nil || c.Failed[name] > 0 }
		addRow(&s, name, slices.ContainsFunc(judged, failed), loops, func(c *event.Client) string {
			return fmt.Sprintf("%d of %d", c.Failed[name], c.Done[name])
		})
	}
	return s
}
