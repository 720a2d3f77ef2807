// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mdlife/vmtests/event"
	"mdlife/vmtests/report"
	"mdlife/vmtests/triage"
	"mdlife/vmtests/verdict"
)

// fakeGuests are guests that run test cases as real ones do, so many at once, in rounds.
type fakeGuests struct {
	all       []event.Cell
	unpatched bool
	workers   int                                // 0: 2
	ends      func(boot int, running []int) bool // the console has a BUG
	hangs     func(boot int, running []int) bool // nothing comes any more
	warns     map[int]bool                       // the case warns, and reports all the same
	fails     map[int]bool
	places    int // how many cases a guest has places for; 0: all
	doneError string
	wall      float64
	plans     []event.Plan
}

const fakeBug = "BUG at raid5.c:1"

func (f *fakeGuests) run(ctx context.Context, plan event.Plan, b boot) (verdict.Guest, error) {
	if ctx.Err() != nil {
		return verdict.Guest{}, ctx.Err()
	}
	f.plans = append(f.plans, plan)
	g := verdict.Guest{Label: "patched", Unpatched: f.unpatched, Plan: plan, Wall: max(f.wall, 10), Console: "out/console-" + b.of("patched", "-") + ".log"}
	g.Events = append(g.Events, event.Event{BootInfo: &event.BootInfo{Release: "7.2"}})
	alone, rest := event.Places(plan.Alone, len(f.all)), event.Places(plan.Rest, len(f.all))
	if len(alone)+len(rest) == 0 {
		for i := range f.all {
			rest = append(rest, i)
		}
	}
	rounds := slices.Collect(slices.Chunk(rest, cmp.Or(f.workers, 2)))
	if len(alone) > 0 {
		rounds = append(slices.Collect(slices.Chunk(alone, 1)), rounds...)
	}
	done := f.rounds(&g, b.nth, rounds)
	if g.Before == 0 {
		g.Before = len(g.Events)
	}
	if done {
		g.Events = append(g.Events, event.Event{Done: &event.Done{Error: f.doneError}})
		g.Before = len(g.Events)
	}
	return g, nil
}

// rounds runs test cases and reports whether the guest has come to the end.
func (f *fakeGuests) rounds(g *verdict.Guest, nth int, rounds [][]int) bool {
	ran := 0
	for _, round := range rounds {
		for _, i := range round {
			if f.places == 0 || ran < f.places {
				g.Events = append(g.Events, event.Event{Uptime: float64(ran), Begun: &event.Begun{Name: f.all[i].Name}})
			}
		}
		if f.ends != nil && f.ends(nth, round) {
			g.Findings, g.Died = []verdict.Finding{{Kind: triage.Finding{}.Kind, Title: fakeBug, Line: 17}}, fakeBug
			return false
		}
		if f.hangs != nil && f.hangs(nth, round) {
			g.Died = "silent for 30s"
			return false
		}
		warned := slices.ContainsFunc(round, func(i int) bool { return f.warns[i] })
		if warned {
			g.Before, g.Findings, g.Died = len(g.Events), []verdict.Finding{{Title: "WARNING in md", Line: 3}}, "WARNING in md"
		}
		for _, i := range round {
			cell := f.all[i]
			cell.OK, cell.Detail = !f.fails[i], "seen"
			if f.places > 0 && ran >= f.places {
				cell.OK, cell.Detail = false, event.CellNotRun+": no places"
			}
			ran++
			g.Events = append(g.Events, event.Event{Uptime: float64(ran), Cell: &cell})
		}
		if warned {
			return false
		}
	}
	return true
}

// fakeCases are so many test cases.
func fakeCases(n int) (all []event.Cell) {
	for i := range n {
		all = append(all, event.Cell{Name: fmt.Sprintf("raid5/case-%d", i), Personality: "raid5"})
	}
	return all
}

// runFakes runs the guests, at most so many, and returns the one that all make together, and the notes.
func (f *fakeGuests) runFakes(t *testing.T, most int) (verdict.Guest, []string) {
	t.Helper()
	var notes []string
	r := boots{most: most, limit: time.Hour, least: time.Minute, run: f.run, note: func(s string) { notes = append(notes, s) }}
	g, err := r.all(context.Background(), newCourse(f.all), event.Plan{Seed: 7, Cells: []string{event.AllCells}})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.plans) > most {
		t.Errorf("%d boots, want at most %d", len(f.plans), most)
	}
	return g, notes
}

// of reports whether a round has one of these test cases.
func of(which ...int) func(int, []int) bool {
	return func(_ int, running []int) bool {
		return slices.ContainsFunc(running, func(i int) bool { return slices.Contains(which, i) })
	}
}

// inBoot is as of, in one boot only.
func inBoot(nth int, which ...int) func(int, []int) bool {
	return func(boot int, running []int) bool { return boot == nth && of(which...)(boot, running) }
}

// TestBoots has guests end early in every way, and looks at what comes of each test case: "+" passed, "-"
// failed, "!" ended its guest, "?" not run.
func TestBoots(t *testing.T) {
	for name, c := range map[string]struct {
		guests fakeGuests
		most   int
		boots  int
		fates  string
		says   map[int]string // of test cases
		broken []string       // rules of the kernel, besides those of the test cases
	}{
		"all well": {guests: fakeGuests{}, boots: 1, fates: "++++++"},
		"one at a time, in the middle": {guests: fakeGuests{workers: 1, ends: of(2)}, boots: 2, fates: "++!+++", broken: []string{"complete", "dmesg"},
			says: map[int]string{2: "ended boot 1, where it ran alone: " + fakeBug + " (console-patched.log, line 17)"}},
		"two at once, in the middle": {guests: fakeGuests{ends: of(2)}, boots: 3, fates: "++!+++", broken: []string{"complete", "dmesg"},
			says: map[int]string{
				2: "ended boot 2, where it ran alone: " + fakeBug + " (console-patched-2.log, line 17) (alone, in boot 2; it ran with raid5/case-3 when boot 1 ended early: " + fakeBug,
				3: "seen (alone, in boot 3; it ran with raid5/case-2 when boot 1 ended early: " + fakeBug + " (console-patched.log, line 17))",
			}},
		"the first": {guests: fakeGuests{ends: of(0)}, boots: 3, fates: "!+++++", broken: []string{"complete", "dmesg"}},
		"the last":  {guests: fakeGuests{ends: of(5)}, boots: 2, fates: "+++++!", broken: []string{"complete", "dmesg"}},
		"hang":      {guests: fakeGuests{hangs: of(3)}, boots: 3, fates: "+++!++", broken: []string{"complete"}, says: map[int]string{3: "silent for 30s (console-patched-2.log)"}},
		"nobody's fault": {guests: fakeGuests{ends: inBoot(1, 2)}, boots: 2, fates: "++++++", broken: []string{"complete", "dmesg"},
			says: map[int]string{2: "when boot 1 ended early: " + fakeBug, 3: "when boot 1 ended early: " + fakeBug}},
		"only together": {guests: fakeGuests{ends: func(_ int, running []int) bool { return of(2)(0, running) && of(3)(0, running) }},
			boots: 2, fates: "++++++", broken: []string{"complete", "dmesg"}, says: map[int]string{2: "with raid5/case-3 when boot 1"}},
		"a suspect that fails alone": {guests: fakeGuests{ends: inBoot(1, 2), fails: map[int]bool{3: true}}, boots: 2, fates: "+++-++", broken: []string{"complete", "dmesg"}},
		"two that are guilty":        {guests: fakeGuests{ends: of(2, 3)}, boots: 4, fates: "++!!++", broken: []string{"complete", "dmesg"}},
		"every one, bounded": {guests: fakeGuests{ends: of(0, 1, 2, 3, 4, 5)}, most: 4, boots: 4, fates: "!!!!??", broken: []string{"complete", "dmesg"},
			says: map[int]string{5: "not run; -boots 4 allows no other boot"}},
		"one boot": {guests: fakeGuests{ends: of(2)}, most: 1, boots: 1, fates: "++!!??", broken: []string{"complete", "dmesg"},
			says: map[int]string{3: "it was not run alone: -boots 1 allows no other boot"}},
		"no test case begins": {guests: fakeGuests{places: -1, hangs: func(int, []int) bool { return true }}, boots: 1, fates: "", broken: []string{"complete"}},
		"no places":           {guests: fakeGuests{places: 4}, boots: 2, fates: "++++++"},
		"no places, ever":     {guests: fakeGuests{places: 4}, most: 1, boots: 1, fates: "++++??", says: map[int]string{4: "not run: no places"}},
		"reported after a warning": {guests: fakeGuests{warns: map[int]bool{2: true}}, boots: 3, fates: "++!+++", broken: []string{"complete", "dmesg"},
			says: map[int]string{2: "WARNING in md (console-patched-2.log, line 3); after that it passed"}},
		"ends with an error": {guests: fakeGuests{doneError: "udevd is stuck"}, boots: 1, fates: "++++++", broken: []string{"complete"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.guests
			f.all = fakeCases(6)
			g, notes := f.runFakes(t, max(c.most, 1+20*(1-min(c.most, 1))))
			if len(f.plans) != c.boots || len(notes) != c.boots-1 {
				t.Errorf("%d boots, notes %q, want %d boots", len(f.plans), notes, c.boots)
			}
			s := verdict.Summarize(g)
			if got := fates(s.Cells, f.all); got != c.fates {
				t.Errorf("fates %q, want %q: %+v", got, c.fates, s.Cells)
			}
			for place, want := range c.says {
				if i := slices.IndexFunc(s.Cells, func(cell event.Cell) bool { return cell.Name == f.all[place].Name }); i < 0 || !strings.Contains(s.Cells[i].Detail, want) {
					t.Errorf("case %d does not say %q: %+v", place, want, s.Cells)
				}
			}
			var broken []string
			for _, r := range verdict.Broken(verdict.Alone(g)) {
				if !strings.HasPrefix(r.Name, verdict.CasePrefix) {
					broken = append(broken, r.Name)
				}
			}
			if !slices.Equal(broken, c.broken) {
				t.Errorf("broken rules %q, want %q", broken, c.broken)
			}
		})
	}
}

// fates is a character for each test case, in their order; none twice.
func fates(cells, all []event.Cell) (text string) {
	if len(cells) == 0 {
		return ""
	}
	for _, a := range all {
		n, fate := 0, "_"
		for _, cell := range cells {
			if cell.Name != a.Name {
				continue
			}
			n++
			switch {
			case cell.OK:
				fate = "+"
			case cell.Crashed:
				fate = "!"
			case strings.HasPrefix(cell.Detail, event.CellNotRun):
				fate = "?"
			default:
				fate = "-"
			}
		}
		text += fate
		if n != 1 {
			text += fmt.Sprintf("(%d times)", n)
		}
	}
	return text
}

// TestLaterPlans: a later guest gets what is left, suspects first and alone, and nothing else of the plan.
func TestLaterPlans(t *testing.T) {
	f := fakeGuests{all: fakeCases(6), ends: of(2)}
	f.runFakes(t, 20)
	for i, want := range []struct{ alone, rest []event.Span }{{nil, nil}, {[]event.Span{{2, 3}}, []event.Span{{4, 5}}}, {[]event.Span{{3, 3}}, []event.Span{{4, 5}}}} {
		p := f.plans[i]
		if !slices.Equal(p.Alone, want.alone) || !slices.Equal(p.Rest, want.rest) || p.Seed != 7 || !slices.Equal(p.Cells, []string{event.AllCells}) {
			t.Errorf("boot %d: %+v, want %+v", i+1, p, want)
		}
	}
}

// TestBootsTime: the time is that of all boots together.
func TestBootsTime(t *testing.T) {
	f := fakeGuests{all: fakeCases(6), workers: 1, ends: of(0, 1, 2, 3), wall: 1000}
	var left []time.Duration
	r := boots{most: 20, limit: 2050 * time.Second, least: time.Minute, note: func(string) {}, run: func(ctx context.Context, p event.Plan, b boot) (verdict.Guest, error) {
		left = append(left, b.left)
		return f.run(ctx, p, b)
	}}
	g, err := r.all(context.Background(), newCourse(f.all), event.Plan{})
	if err != nil || !slices.Equal(left, []time.Duration{2050 * time.Second, 1050 * time.Second}) {
		t.Errorf("%v; the boots had %v", err, left)
	}
	if cells := verdict.Summarize(g).Cells; fates(cells, f.all) != "!!????" || !strings.Contains(cells[5].Detail, "are over") {
		t.Errorf("%+v", cells)
	}
}

// TestBootsCancelled: ^C ends it, and an error of this machine does.
func TestBootsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	f := fakeGuests{all: fakeCases(6)}
	f.ends = func(boot int, running []int) bool {
		cancel()
		return of(2)(boot, running)
	}
	r := boots{most: 20, limit: time.Hour, least: time.Minute, run: f.run, note: func(string) {}}
	if _, err := r.all(ctx, newCourse(f.all), event.Plan{}); !errors.Is(err, context.Canceled) || len(f.plans) != 1 {
		t.Errorf("%v after %d boots", err, len(f.plans))
	}
}

// TestBootsOutcome: a guest that ended early fails the patched kernel's run whatever came of its test cases,
// and is told of; the unpatched kernel's is told of, and does not fail it.
func TestBootsOutcome(t *testing.T) {
	innocent := fakeGuests{all: fakeCases(6), ends: inBoot(1, 2)}
	patched, _ := innocent.runFakes(t, 20)
	guilty := fakeGuests{all: fakeCases(6), ends: of(2), unpatched: true}
	unpatched, _ := guilty.runFakes(t, 20)
	unpatched.Label = "unpatched"
	run := report.Run{Command: "arrays", Base: "6.1", Started: time.Now(), Seed: 7}

	o := run.Arrays([]verdict.Guest{patched}, nil)
	text := report.Text(o)
	for _, want := range []string{"\nFAIL\n", "patched: boot 1 of 2 ended early: " + fakeBug + ", see out/console-patched.log; then ran raid5/case-2 (passes alone, in boot 2), raid5/case-3 (passes alone, in boot 2)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	claimed := []string{"raid5/case-2", "raid5/case-3"}
	all := fakeGuests{all: fakeCases(6)}
	well, _ := all.runFakes(t, 20)
	o = run.Arrays([]verdict.Guest{unpatched, well}, claimed)
	text = report.Text(o)
	for _, want := range []string{"\nPASS\n", "unpatched: boot 2 of 3 ended early", "raid5/case-2 (ended boot 2, alone)", "│ crash"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, r := range o.Suites[1].Results { // the guilty one has power, the one beside it has not
		if r.Name == verdict.CasePrefix+"raid5/case-2" && r.Skipped || r.Name == verdict.CasePrefix+"raid5/case-3" && !r.Skipped {
			t.Errorf("%+v", r)
		}
	}
	unpatched.Unpatched, unpatched.Label = false, "patched"
	var b bytes.Buffer
	if err := report.WriteJUnit(&b, run.Arrays([]verdict.Guest{unpatched}, nil)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`failures="3"`, `<failure message="ended boot 2, where it ran alone: ` + fakeBug, "seen (alone, in boot 3; it ran with raid5/case-2 when boot 1 ended early"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
