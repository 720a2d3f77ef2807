// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mdlife/vmtests/event"
)

// TestRunAll: those that are to run alone come first and have nothing beside them, and where one of them
// hangs, what comes after it is left to another guest.
func TestRunAll(t *testing.T) {
	for name, c := range map[string]struct {
		plan   event.Plan
		hangs  string // the case that leaves its place in use
		places int    // 0: enough
		want   string // of each case: "1" ran alone, "+" not, "?" was not run, "." was not asked for
	}{
		"all":                {want: "++++++++"},
		"rest":               {plan: event.Plan{Rest: []event.Span{{2, 3}}}, want: "..++...."},
		"alone":              {plan: event.Plan{Alone: []event.Span{{1, 1}, {4, 5}}}, want: ".1..11.."},
		"alone and rest":     {plan: event.Plan{Alone: []event.Span{{1, 1}}, Rest: []event.Span{{3, 7}}}, want: ".1.+++++"},
		"a suspect hangs":    {plan: event.Plan{Alone: []event.Span{{0, 2}}, Rest: []event.Span{{3, 7}}}, hangs: "1", want: "11??????"},
		"the last one hangs": {plan: event.Plan{Alone: []event.Span{{0, 1}}, Rest: []event.Span{{3, 7}}}, hangs: "1", want: "11.?????"},
		"another hangs":      {hangs: "1", want: "++++++++"},
		"no places are left": {hangs: "all", places: 6, want: "++++++??"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []testCase
			for i := range 8 {
				all = append(all, testCase{name: fmt.Sprint(i)})
			}
			if c.places == 0 {
				c.places = 16
			}
			got := map[string]string{}
			var running atomic.Int32
			w := reporting(func(event.Begun) {}, func(res event.Cell) {
				if got[res.Name] != "" {
					t.Errorf("%s is reported twice", res.Name)
				}
				got[res.Name] = res.Detail
				if strings.HasPrefix(res.Detail, event.CellNotRun) {
					got[res.Name] = "?"
				}
			})
			w.try = func(_ context.Context, w worker, one testCase) (event.Cell, bool) {
				beside := running.Add(1)
				time.Sleep(20 * time.Millisecond)
				beside = max(beside, running.Load())
				running.Add(-1)
				res := one.cell(0)
				res.Detail = "+"
				if w.careful && beside == 1 {
					res.Detail = "1"
				}
				return res, c.hangs == one.name || c.hangs == "all"
			}
			runAll(context.Background(), all, c.plan, c.places, w)
			text := ""
			for _, one := range all {
				fate := got[one.name]
				if fate == "" {
					fate = "."
				}
				text += fate
			}
			if text != c.want {
				t.Errorf("%s, want %s", text, c.want)
			}
		})
	}
}

// TestTurns: a plan's places are those of the order in which a guest runs.
func TestTurns(t *testing.T) {
	turns, err := Turns([]string{"raid5/life-1.2", "raid5/cuts-grow"}, 2)
	var names []string
	for _, c := range turns {
		names = append(names, fmt.Sprint(c.Name, " ", c.Personality, " ", c.Turn))
	}
	want := "raid5/cuts-grow raid5 0, raid5/life-1.2 raid5 0, raid5/cuts-grow raid5 1, raid5/life-1.2 raid5 1"
	if got := strings.Join(names, ", "); got != want || err != nil {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
	if _, err := Turns([]string{"raid5/nosuch"}, 1); err == nil {
		t.Error("a name that chooses nothing is no error")
	}
}
