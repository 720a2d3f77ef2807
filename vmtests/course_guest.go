// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"fmt"
	"path/filepath"
	"strings"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// guest makes one guest of all, with the results that the course has come to. Whatever any of them was
// found to have done wrong, it has.
func (c *course) guest(plan event.Plan) verdict.Guest {
	whole := c.guests[0]
	if len(c.guests) == 1 && c.boots[0].Died == "" {
		return whole
	}
	for i := range c.judged {
		if n := c.judged[i].Boot; n > 0 {
			c.boots[n-1].Cases++
		}
	}
	whole.Plan, whole.Boots = plan, c.boots
	whole.Events, whole.Findings, whole.Wall, whole.Died, whole.Trace = nil, nil, 0, "", ""
	var died, traces []string
	for i, g := range c.guests {
		whole.Wall += g.Wall
		whole.Findings = append(whole.Findings, c.findings(i)...)
		if how := c.boots[i].Died; how != "" {
			died = append(died, c.epitaph(i))
		}
		if g.Trace != "" {
			traces = append(traces, g.Trace)
		}
	}
	whole.Died, whole.Trace = strings.Join(died, "; "), strings.Join(traces, "\n\n")
	whole.Events = c.events()
	whole.Before = len(whole.Events)
	return whole
}

// epitaph says how one of the guests has ended early, and what ran then.
func (c *course) epitaph(i int) string {
	b := c.boots[i]
	text := fmt.Sprintf("boot %d of %d: %s", i+1, len(c.boots), b.Died)
	switch len(b.Ran) {
	case 0:
		return text + ", while no test case ran"
	case 1:
		return text + ", while " + b.Ran[0] + " ran"
	}
	return text + ", while these ran: " + strings.Join(b.Ran, ", ")
}

// findings are what one guest's console has, with the name of its log.
func (c *course) findings(i int) (all []verdict.Finding) {
	for _, f := range c.guests[i].Findings {
		f.Console = filepath.Base(c.guests[i].Console)
		all = append(all, f)
	}
	return all
}

// events are those of all guests together: what the first said of itself, the results, and the last
// word of the last. What an earlier one said in the end is in the course's boots.
func (c *course) events() (all []event.Event) {
	for _, e := range c.guests[0].Events {
		if e.Cell == nil && e.Begun == nil && e.Done == nil {
			all = append(all, e)
		}
	}
	for _, cell := range c.judged {
		all = append(all, event.Event{Cell: &cell})
	}
	for _, e := range c.guests[len(c.guests)-1].Events {
		if e.Done != nil {
			all = append(all, e)
		}
	}
	return all
}
