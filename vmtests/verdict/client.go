// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// WriteClient prints side by side what mdadm's users met on each kernel, and returns
// what those other than the unpatched one did not keep.
func WriteClient(w io.Writer, guests []Kernel) (problems []string, err error) {
	var parts []*KernelPart
	header := []string{""}
	for _, g := range guests {
		k := summarize(g)
		parts = append(parts, &k)
		header = append(header, g.Label)
		if g.Label == "unpatched" {
			continue
		}
		for _, r := range alone(k) {
			if !r.OK {
				problems = append(problems, g.Label+": "+r.Reason())
			}
		}
	}
	sections := []Section{kernels(parts...), clientSection(parts), turnSection(parts), findings(parts...)}
	_, err = fmt.Fprintln(w, render(sections, header...))
	return problems, err
}

// clients are the loops of kernels, nil where one was not reported.
func clients(ks []*KernelPart) (cs []*event.Client) {
	for _, k := range ks {
		cs = append(cs, k.Client)
	}
	return cs
}

// clientSection is what is left of arrays, and what fails.
func clientSection(ks []*KernelPart) Section {
	cs := clients(ks)
	last := cs[len(cs)-1]
	bad := func(f func(*event.Client) bool) bool { return last == nil || f(last) }
	s := Section{Title: "all that mdadm does, under a stray reader"}
	addRow(&s, "cycles", last == nil, cs, func(c *event.Client) string { return fmt.Sprintf("%d in %s", c.Cycles, seconds(c.Seconds)) })
	addRow(&s, "device there right after a stop", last == nil, cs, func(c *event.Client) string {
		return fmt.Sprintf("%d of %d", c.ThereAfterStop, c.Stops)
	})
	addRow(&s, "device there when it has settled", bad(stays), cs, func(c *event.Client) string {
		return fmt.Sprintf("%d of %d", c.ThereSettled, c.Settled)
	})
	addRow(&s, "devices left at the end", bad(left), cs, func(c *event.Client) string { return list(c.LeftAtEnd) })
	addRow(&s, "reads by the stray reader", bad(unread), cs, func(c *event.Client) string { return group(c.Reads) })
	addRow(&s, "of these failed", false, cs, func(c *event.Client) string { return counts(c.ReadErrors) })
	addRow(&s, "what went wrong", bad(fails), cs, func(c *event.Client) string { return strings.Join(wrongs(c), "; ") })
	s.dropEmpty("of these failed")
	return s
}

// turnSection is what was tried, and how often it failed.
func turnSection(ks []*KernelPart) Section {
	cs := clients(ks)
	names := map[string]bool{}
	for _, c := range cs {
		if c != nil {
			for name := range c.Done {
				names[name] = true
			}
		}
	}
	s := Section{Title: "failed, of how many"}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		last := cs[len(cs)-1]
		addRow(&s, name, last == nil || last.Failed[name] > 0, cs, func(c *event.Client) string {
			return fmt.Sprintf("%d of %d", c.Failed[name], c.Done[name])
		})
	}
	return s
}

// wrongs lists what went wrong, of many the first few.
func wrongs(c *event.Client) []string {
	const most = 5
	all := slices.Sorted(maps.Keys(c.Errors))
	if len(all) > most {
		all = append(all[:most], fmt.Sprintf("and %d more", len(all)-most))
	}
	return all
}

func stays(c *event.Client) bool  { return c.ThereSettled > 0 }
func left(c *event.Client) bool   { return len(c.LeftAtEnd) > 0 }
func unread(c *event.Client) bool { return c.Reads == 0 }
func fails(c *event.Client) bool  { return len(c.Failed) > 0 }

// clientLoop: nothing that mdadm does fails, and no device stays after a stop.
func clientLoop(c *event.Client) []Result {
	if c == nil {
		return nil
	}
	return []Result{
		{Name: "client-failed", Requirement: "R23", OK: !fails(c),
			Detail: orElse(strings.Join(wrongs(c), "; "), "nothing failed")},
		{Name: "client-settled", Requirement: "R23", OK: !stays(c) && c.Settled > 0,
			Detail: fmt.Sprintf("%d of %d devices were there %d ms after a stop", c.ThereSettled, c.Settled, c.Spec.SettleMillis)},
		{Name: "client-left", Requirement: "R23", OK: !left(c), Detail: orElse(strings.Join(c.LeftAtEnd, ", "), "no device left once the reader had gone")},
		{Name: "client-reads", OK: !unread(c), Detail: fmt.Sprintf("the stray reader has opened a device %d times", c.Reads)},
	}
}
