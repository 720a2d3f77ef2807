// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"slices"
	"strings"
	"testing"
)

// TestConclude: what is judged decides, and skipped is not passed.
func TestConclude(t *testing.T) {
	ok, bad := Result{Name: "a", OK: true}, Result{Name: "b", Requirement: "R7", Detail: "ENXIO"}
	skipped := Result{Name: "window-W7", OK: true, Skipped: true, Detail: "md is built in"}
	noPower := Result{Name: powerRule, Detail: "no failure"}
	suite := func(name string, judged bool, results ...Result) Suite {
		return Suite{Name: name, Judged: judged, Results: results}
	}
	for _, tc := range []struct {
		name    string
		suites  []Suite
		want    Status
		reasons string
	}{
		{"kept", []Suite{suite("patched", true, ok, skipped)}, Pass, ""},
		{"broken", []Suite{suite("patched", true, ok, bad)}, Fail, "R7 b: ENXIO"},
		{"broken of two", []Suite{suite("patched", true, ok), suite("debug", true, bad)}, Fail, "debug: R7 b: ENXIO"},
		{"not judged", []Suite{suite("unpatched", false, bad), suite("patched", true, ok)}, Pass, ""},
		{"no power", []Suite{suite("comparison", true, noPower, ok)}, NoPower, "power: no failure"},
		{"no power, and broken", []Suite{suite("comparison", true, noPower, bad)}, Fail, "power: no failure\nR7 b: ENXIO"},
		{"the judged one skipped", []Suite{suite("unpatched", false, ok), suite("modular", true, skipped)}, Fail, "nothing was tested: window-W7: md is built in"},
		{"none judged", []Suite{suite("unpatched", false, bad)}, Pass, ""},
		{"all skipped", []Suite{suite("patched", true, skipped)}, Fail, "nothing was tested: window-W7: md is built in"},
		{"only the guest's own end", []Suite{suite("patched", true, Result{Name: "complete", OK: true}, Result{Name: "dmesg", OK: true})}, Fail, "nothing was tested"},
		{"nothing", nil, Fail, "nothing was tested"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := Outcome{Suites: tc.suites}
			o.Conclude()
			if got := strings.Join(o.Reasons, "\n"); o.Verdict != tc.want || got != tc.reasons {
				t.Errorf("%s %q, want %s %q", o.Verdict, got, tc.want, tc.reasons)
			}
		})
	}
}

func TestKept(t *testing.T) {
	o := Outcome{Suites: []Suite{
		{Judged: true, Results: []Result{{OK: true}, {}, {OK: true, Skipped: true}}},
		{Results: []Result{{}, {OK: true}}},
	}}
	if kept, all := o.Kept(); kept != 1 || all != 2 {
		t.Errorf("%d of %d, want 1 of 2", kept, all)
	}
}

// TestWithout: a rule counts once where two suites say the same of it.
func TestWithout(t *testing.T) {
	comparison := Suite{Name: "comparison", Results: []Result{
		{Name: "kept", OK: true, Detail: "in 3 ms"}, {Name: "broken", Detail: "ENODEV"}, {Name: "otherwise", Detail: "both died"},
		{Name: "only unpatched", Detail: "it died"}, {Name: "no power"}, {Name: "ran", OK: true},
		{Name: "only patched", OK: true},
	}}
	column := Suite{Name: "patched", Results: []Result{
		{Name: "kept", OK: true}, {Name: "broken", Detail: "ENODEV"}, {Name: "otherwise", Detail: "it died"},
		{Name: "only unpatched", OK: true}, {Name: "ran", OK: true, Skipped: true}, {Name: "more"},
		{Name: "only patched", Detail: "it died"},
	}}
	left := comparison.Without(column)
	var names []string
	for _, r := range left.Results {
		names = append(names, r.Name)
	}
	if got := strings.Join(names, ", "); got != "otherwise, only unpatched, no power, ran, only patched" ||
		left.Name != "comparison" || len(comparison.Results) != 7 {
		t.Errorf("%s has %s; of %d", left.Name, got, len(comparison.Results))
	}
}

func TestAddResults(t *testing.T) {
	var o Outcome
	o.AddResults("series", []Result{{Name: "a", OK: true}, {Name: "b", Detail: "no"}, {Name: "c", OK: true, Skipped: true}})
	var words []string
	for _, r := range o.Table[0].Rows {
		words = append(words, r.Cells[0])
	}
	if !slices.Equal(words, []string{"ok", "FAIL", "skipped"}) || !o.Table[0].Rows[1].Bad || o.Table[0].Rows[0].Bad {
		t.Errorf("%+v", o.Table)
	}
}
