// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"

	"mdlife/vmtests/event"
)

// mdadm is the loop of mdadm --create and --stop under a stray reader. u or p,
// but not both, may be nil;
// broken tells whether one of the rules is.
func mdadm(u, p *event.Mdadm, broken func(rules ...string) bool) Section {
	spec := event.MdadmSpec{}
	if p != nil {
		spec = p.Spec
	} else {
		spec = u.Spec
	}
	share := func(n func(*event.Mdadm) int) func(*event.Mdadm) string {
		return func(m *event.Mdadm) string { return fmt.Sprintf("%d of %d", n(m), m.Cycles) }
	}
	ms := []*event.Mdadm{u, p}
	lost := p == nil
	s := Section{Title: fmt.Sprintf("mdadm under a stray reader, %d cycles", spec.Cycles)}
	addRow(&s, "device there right after --stop", lost, ms, share(thereAfterStop))
	addRow(&s, fmt.Sprintf("device there %.1f s later", float64(spec.SettleMillis)/1e3), broken("mdadm-settled"), ms, share(thereSettled))
	addRow(&s, "devices left at the end", broken("mdadm-left"), ms, func(m *event.Mdadm) string { return list(m.LeftAtEnd) })
	addRow(&s, "create failed, stop failed", broken("mdadm-create", "mdadm-stop"), ms, func(m *event.Mdadm) string { return fmt.Sprintf("%d, %d", m.CreateFailed, m.StopFailed) })
	addRow(&s, "mdadm's messages", lost, ms, func(m *event.Mdadm) string { return counts(m.Errors) })
	addRow(&s, "reads by the stray reader", lost, ms, func(m *event.Mdadm) string { return group(m.Reads) })
	addRow(&s, "of these failed", lost, ms, func(m *event.Mdadm) string { return counts(m.ReadErrors) })
	addRow(&s, "uevents of the arrays", lost, ms, func(m *event.Mdadm) string { return counts(m.Uevents) })
	addRow(&s, "uevents in one cycle, at most", lost, ms, func(m *event.Mdadm) string { return fmt.Sprint(m.MaxUevents) })
	addRow(&s, "create p50 / p99 / max", lost, ms, func(m *event.Mdadm) string { return latency(m.Create) })
	addRow(&s, "stop p50 / p99 / max", lost, ms, func(m *event.Mdadm) string { return latency(m.Stop) })
	s.dropEmpty("mdadm's messages", "of these failed")
	return s
}

// checkRows has one row for each check that either kernel reported.
func checkRows(u, p []event.Check) []Row {
	var s Section
	state := func(c *event.Check) string {
		if c.OK {
			return "ok"
		}
		return "no: " + c.Detail
	}
	add := func(name string) {
		c := findCheck(p, name)
		addRow(&s, name, c == nil || !c.OK, []*event.Check{findCheck(u, name), c}, state)
	}
	for i := range p {
		add(p[i].Name)
	}
	for i := range u {
		if findCheck(p, u[i].Name) == nil {
			add(u[i].Name)
		}
	}
	return s.Rows
}

// findings lists what the consoles held, and how a guest died.
func findings(ks ...*KernelPart) Section {
	s := Section{Title: "dmesg"}
	last := len(ks) - 1
	addRow(&s, "findings", len(unexpected(ks[last].Findings)) > 0, ks, func(k *KernelPart) string {
		return fmt.Sprint(len(unexpected(k.Findings)))
	})
	only := func(column int, label, text string) {
		row := Row{Label: label, Cells: make([]string, len(ks)), Bad: column == last}
		row.Cells[column] = text
		s.Rows = append(s.Rows, row)
	}
	for i, k := range ks {
		for _, f := range unexpected(k.Findings) {
			only(i, f.Kind, f.Title+frames(f))
		}
		if k.Died != "" {
			only(i, "ended early", k.Died)
		}
	}
	return s
}
