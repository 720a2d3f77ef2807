// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// course is how far a kernel has come with arrays' test cases, in guests one after the other. A
// test case has its result when a guest has reported it, or has ended early while it ran alone: it
// has ended the guest then. Where several ran, each is a suspect, and the next guest runs the
// suspects first, one at a time: the one that ends this guest is named, and the others get
// their results. None of that hides that a guest has ended early.
type course struct {
	cases  []planned
	places map[event.Begun]int // of the test cases
	judged []event.Cell        // in the order in which they got their results
	guests []verdict.Guest
	boots  []verdict.Boot
}

// planned is a test case that a plan has a kernel run.
type planned struct {
	cell    event.Cell // what it is called
	judged  bool
	suspect string // why it is one; "" if it is not
	notRun  string // why a guest has not run it; "" if none said so
}

// newCourse is the course at its beginning.
func newCourse(all []event.Cell) *course {
	c := &course{places: map[event.Begun]int{}}
	for i, cell := range all {
		c.cases = append(c.cases, planned{cell: cell})
		c.places[event.Begun{Name: cell.Name, Turn: cell.Turn}] = i
	}
	return c
}

// open returns the places of the test cases that have no result: the suspects, and the others.
func (c *course) open() (suspects, rest []int) {
	for i, p := range c.cases {
		switch {
		case p.judged:
		case p.suspect != "":
			suspects = append(suspects, i)
		default:
			rest = append(rest, i)
		}
	}
	return suspects, rest
}

// left is how much there is to do. It falls with each result, and with each test case that
// becomes a suspect.
func (c *course) left() int {
	suspects, rest := c.open()
	return len(suspects) + 2*len(rest)
}

// plan is the next guest's.
func (c *course) plan(whole event.Plan) event.Plan {
	if len(c.guests) == 0 {
		return whole
	}
	suspects, rest := c.open()
	plan := event.Plan{Seed: whole.Seed, Cells: whole.Cells, Repeat: whole.Repeat}
	plan.Alone, plan.Rest = event.Spans(suspects), event.Spans(rest)
	return plan
}

// take takes what a guest has reported, and what it was doing if it ended early.
func (c *course) take(g verdict.Guest) {
	c.guests = append(c.guests, g)
	ran := c.results(g)
	b := verdict.Boot{Console: g.Console, Seconds: g.Wall, Died: ending(g), Ran: ran.names(c)}
	if len(ran) > 0 && b.Died == "" {
		b.Died = "it said that it was done, and did not report what ran" // a fault of ours
	}
	c.boots = append(c.boots, b)
	if len(ran) == 1 {
		c.crashed(ran[0], g)
		return
	}
	for _, r := range ran {
		c.cases[r.place].suspect = fmt.Sprintf("ran with %s when boot %d ended early: %s", c.others(ran, r), len(c.guests), c.how(g)) + r.saidText()
	}
}

// running is a test case that ran when its guest ended early.
type running struct {
	place  int
	uptime float64 // when it began
	said   string  // what it reported all the same, between the console's finding and the guest's end
}

type runningCases []running

// names lists the test cases' names.
func (all runningCases) names(c *course) (names []string) {
	for _, r := range all {
		names = append(names, c.cases[r.place].cell.Name)
	}
	return names
}

// results takes a guest's results, and returns which test cases ran when it ended early. What has been
// reported since the console had a finding shows what a broken kernel does: it is not taken. What
// has begun since then is none of the finding's cause.
func (c *course) results(g verdict.Guest) (ran runningCases) {
	at := func(place int) int { return slices.IndexFunc(ran, func(r running) bool { return r.place == place }) }
	for i, e := range g.Events {
		late := i >= g.Before
		switch {
		case e.Begun != nil && !late:
			if place, known := c.places[*e.Begun]; known {
				ran = append(ran, running{place: place, uptime: e.Uptime})
			}
		case e.Cell != nil:
			place, known := c.places[event.Begun{Name: e.Cell.Name, Turn: e.Cell.Turn}]
			k := at(place)
			switch {
			case !known:
			case strings.HasPrefix(e.Cell.Detail, event.CellNotRun):
				c.cases[place].notRun = e.Cell.Detail
			case late && k >= 0:
				ran[k].said = says(*e.Cell)
			case !late:
				c.judge(place, *e.Cell)
				if k >= 0 {
					ran = slices.Delete(ran, k, k+1)
				}
			}
		}
	}
	return ran
}

// says is a test case's report in short.
func says(cell event.Cell) string {
	if cell.OK {
		return "passed"
	}
	return "failed: " + cell.Detail
}

// saidText is the end of a line about the test case.
func (r running) saidText() string {
	if r.said == "" {
		return ""
	}
	return "; after that it " + r.said
}

// judge gives a test case its result.
func (c *course) judge(place int, cell event.Cell) {
	p := &c.cases[place]
	if p.judged {
		return
	}
	p.judged = true
	cell.Boot = len(c.guests)
	if p.suspect != "" {
		cell.Detail = strings.TrimSpace(fmt.Sprintf("%s (alone, in boot %d; it %s)", cell.Detail, cell.Boot, p.suspect))
	}
	c.judged = append(c.judged, cell)
}

// crashed gives the one test case that ran when its guest ended early its result.
func (c *course) crashed(r running, g verdict.Guest) {
	cell := c.cases[r.place].cell
	cell.Seed, cell.Crashed = g.Plan.Seed, true
	cell.Detail = fmt.Sprintf("ended boot %d, where it ran alone: %s", len(c.guests), c.how(g)) + r.saidText()
	if n := len(g.Events); n > 0 {
		cell.Seconds = g.Events[n-1].Uptime - r.uptime
	}
	c.judge(r.place, cell)
}

// others says which test cases ran beside one.
func (c *course) others(ran runningCases, one running) string {
	const most = 5 // as there are workers
	names := slices.DeleteFunc(slices.Clone(ran), func(r running) bool { return r.place == one.place }).names(c)
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return strings.Join(names, ", ")
}

// how says how a guest has ended early, and where to read it.
func (c *course) how(g verdict.Guest) string {
	where := filepath.Base(g.Console)
	if found := verdict.Unexpected(g.Findings); len(found) > 0 {
		where += fmt.Sprintf(", line %d", found[0].Line)
	}
	return fmt.Sprintf("%s (%s)", cmp.Or(ending(g), "for no reason that it gave"), where)
}

// ending is how a guest has ended early, "" if it has carried out its plan.
func ending(g verdict.Guest) string {
	if found := verdict.Unexpected(g.Findings); len(found) > 0 && !strings.Contains(g.Died, found[0].Title) {
		return strings.Join(slices.DeleteFunc([]string{found[0].Title, g.Died}, func(s string) bool { return s == "" }), ", ")
	}
	if why := whyDone(g.Events); g.Died == "" && why != nil {
		return why.Error()
	}
	return g.Died
}

// giveUp gives all test cases that are left their results: why there is no other guest for them.
func (c *course) giveUp(why string) {
	suspects, rest := c.open()
	if len(c.judged) == 0 && len(suspects) == 0 {
		return // no guest came so far: there is nothing to tell them apart by
	}
	for _, place := range append(suspects, rest...) {
		p := &c.cases[place]
		cell := p.cell
		cell.Seed = c.guests[0].Plan.Seed
		cell.Detail = cmp.Or(p.notRun, event.CellNotRun) + "; " + why
		if p.suspect != "" {
			cell.Crashed = true
			cell.Detail = p.suspect + "; it was not run alone: " + why
		}
		p.judged = true
		c.judged = append(c.judged, cell)
	}
}

// another says why the next guest is booted, and for what.
func (c *course) another() string {
	suspects, rest := c.open()
	last := c.boots[len(c.boots)-1]
	text := fmt.Sprintf("boot %d runs the %d test cases that boot %d has left", len(c.boots)+1, len(suspects)+len(rest), len(c.boots))
	if last.Died != "" {
		text += ", which ended early: " + last.Died
	}
	if len(suspects) > 0 {
		text += fmt.Sprintf("; %d of them one at a time first", len(suspects))
	}
	return text
}
