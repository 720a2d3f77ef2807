// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"slices"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// mdadm is the loop of mdadm --create and --stop under a stray reader. One of u and p may
// be nil; broken reports whether any of these rules is not kept.
func mdadm(u, p *event.Mdadm, broken func(rules ...string) bool) verdict.Section {
	spec := event.MdadmSpec{}
	if p != nil {
		spec = p.Spec
	} else {
		spec = u.Spec
	}
	of := func(n int, m *event.Mdadm) string { return fmt.Sprintf("%d of %d", n, m.Cycles) }
	ms := []*event.Mdadm{u, p}
	lost := p == nil
	s := verdict.Section{Title: fmt.Sprintf("mdadm under a stray reader, %d cycles", spec.Cycles)}
	addRow(&s, "device there right after --stop", lost, ms, func(m *event.Mdadm) string { return of(m.ThereAfterStop, m) })
	addRow(&s, fmt.Sprintf("device there %.1f s later", float64(spec.SettleMillis)/1e3), broken("mdadm-settled"), ms, func(m *event.Mdadm) string { return of(m.ThereSettled, m) })
	addRow(&s, "devices left at the end", broken("mdadm-left"), ms, func(m *event.Mdadm) string { return figures.List(m.LeftAtEnd) })
	addRow(&s, "create failed, stop failed", broken("mdadm-create", "mdadm-stop"), ms, func(m *event.Mdadm) string { return fmt.Sprintf("%d, %d", m.CreateFailed, m.StopFailed) })
	addRow(&s, "mdadm's messages", lost, ms, func(m *event.Mdadm) string { return figures.Counts(m.Errors) })
	addRow(&s, "reads by the stray reader", lost, ms, func(m *event.Mdadm) string { return figures.Count(m.Reads) })
	addRow(&s, "of these failed", lost, ms, func(m *event.Mdadm) string { return figures.Counts(m.ReadErrors) })
	addRow(&s, "uevents of the arrays", lost, ms, func(m *event.Mdadm) string { return figures.Counts(m.Uevents) })
	addRow(&s, "uevents in one cycle, at most", lost, ms, func(m *event.Mdadm) string { return fmt.Sprint(m.MaxUevents) })
	addRow(&s, "create p50 / p99 / max", lost, ms, func(m *event.Mdadm) string { return latency(m.Create) })
	addRow(&s, "stop p50 / p99 / max", lost, ms, func(m *event.Mdadm) string { return latency(m.Stop) })
	dropEmpty(&s, "mdadm's messages", "of these failed")
	return s
}

// checkRows has one row for each check that either kernel reported.
func checkRows(u, p []event.Check) []verdict.Row {
	var s verdict.Section
	state := func(c *event.Check) string {
		if c.OK {
			return "ok"
		}
		return "no: " + c.Detail
	}
	add := func(name string) {
		c := verdict.FindCheck(p, name)
		addRow(&s, name, c == nil || !c.OK, []*event.Check{verdict.FindCheck(u, name), c}, state)
	}
	for i := range p {
		add(p[i].Name)
	}
	for i := range u {
		if verdict.FindCheck(p, u[i].Name) == nil {
			add(u[i].Name)
		}
	}
	return s.Rows
}

// findings lists what the consoles held, and how a guest died.
func findings(ks ...*verdict.Summary) verdict.Section {
	s := verdict.Section{Title: "dmesg"}
	judged := func(k *verdict.Summary) bool { return !k.Unpatched || len(ks) == 1 }
	found := func(k *verdict.Summary) bool { return judged(k) && len(verdict.Unexpected(k.Findings)) > 0 }
	addRow(&s, "findings", slices.ContainsFunc(ks, found), ks, func(k *verdict.Summary) string {
		return fmt.Sprint(len(verdict.Unexpected(k.Findings)))
	})
	only := func(column int, label, text string) {
		row := verdict.Row{Label: label, Cells: make([]string, len(ks)), Bad: judged(ks[column])}
		row.Cells[column] = text
		s.Rows = append(s.Rows, row)
	}
	for i, k := range ks {
		for _, f := range verdict.Unexpected(k.Findings) {
			only(i, f.Kind, f.Title+verdict.Frames(f))
		}
		if k.Died != "" {
			only(i, "ended early", k.Died)
		}
	}
	return s
}
