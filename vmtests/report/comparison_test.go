// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

func TestTextShowsBothKernels(t *testing.T) {
	in := input()
	in.Patched.Findings = []verdict.Finding{{Kind: "warning", Title: "WARNING in md_free"}}
	in.Unpatched.Trace = "unpatched: hung\nblocked tasks (sysrq-w)"
	_, o := compared(in)
	o.Again = "mdlife vmtest -seed 7"
	text := Text(o)
	for _, want := range []string{
		"142,000 ENODEV, 916 ENXIO, 10 EBUSY", "1,200 (×6.0)", "10.0 µs / 1.00 ms / 1.00 ms", "5 of 40", "0 of 40",
		"no: open after stop", "WARNING in md_free", "Seed 7", "blocked tasks (sysrq-w)", "Not kept:\n  - dmesg: warning: WARNING in md_free",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}

// TestEndsAlike: title, table, reasons, seed, the command that repeats it, the word.
func TestEndsAlike(t *testing.T) {
	in := input()
	in.Patched.Died = "panic"
	_, o := compared(in)
	o.Again, o.Files = "mdlife vmtest -seed 7", []string{"out/6.1/report.html"}
	text := Text(o)
	at := 0
	for _, part := range []string{"Comparison on 6.1: ", "┌─", "└─", "Not kept:", "Seed 7; ", "More: out/6.1/report.html\n", "Again: mdlife vmtest -seed 7\n", "FAIL\n"} {
		i := strings.Index(text[at:], part)
		if i < 0 {
			t.Fatalf("%q is not after the parts before it:\n%s", part, text)
		}
		at += i + len(part)
	}
	if at != len(text) {
		t.Errorf("the word is not the last line:\n%s", text)
	}
}

func TestTextSaysThatMinimumsAreScaled(t *testing.T) {
	in := input()
	if _, o := compared(in); strings.Contains(Text(o), "Note:") {
		t.Error("a full run has a note")
	}
	in.Race = verdict.FullRace * 3 / 10
	if _, o := compared(in); !strings.Contains(Text(o), "30,000 opens and 300 stop cycles were asked for, not 100,000 and 1,000") {
		t.Error(Text(o))
	}
}

func TestMissingPhaseIsShownNotDropped(t *testing.T) {
	in := input()
	in.Patched.Events = slices.DeleteFunc(in.Patched.Events, func(e event.Event) bool { return e.Race != nil || e.Mdadm != nil || e.Check != nil })
	_, o := compared(in)
	if n := strings.Count(Text(o), "missing ✗"); n < 20 {
		t.Errorf("%d missing cells:\n%s", n, Text(o))
	}
}

func TestFilesRoundTrip(t *testing.T) {
	in := input()
	for _, e := range in.Patched.Events {
		if e.Check != nil && e.Check.Name == "R8-inert" { // breaks one rule, with a detail that is also HTML
			e.Check.OK, e.Check.Detail = false, "<script>alert(1)</script>"
		}
	}
	rep, o := compared(in)
	dir := filepath.Join(t.TempDir(), "out", "6.1")
	for range 2 { // the second replaces the first
		if err := WriteFiles(dir, o); err != nil {
			t.Fatal(err)
		}
		if err := WriteComparison(dir, rep, o); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string, v any, unmarshal func([]byte, any) error) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if unmarshal != nil {
			if err := unmarshal(b, v); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		return string(b)
	}
	var back verdict.Report
	read(JSONFile, &back, json.Unmarshal)
	if back.Verdict != rep.Verdict || back.Unpatched.Total.OpenFails["ENODEV"] != 142_000 || len(back.Patched.Races) != 2 {
		t.Errorf("verdict.json lost something: %+v", back)
	}
	var outcome verdict.Outcome
	read(OutcomeFile, &outcome, json.Unmarshal)
	if outcome.Verdict != verdict.Fail || outcome.Schema != verdict.OutcomeSchema || len(outcome.Suites[0].Results) != len(rep.Rules) || len(outcome.Table) == 0 {
		t.Errorf("outcome.json lost something: %+v", outcome)
	}
	var suites junit.Testsuites
	read(JUnitFile, &suites, xml.Unmarshal)
	if suites.Tests != len(rep.Rules) || suites.Failures != 1 || suites.Suites[0].Name != "mdlife.6.1" || suites.Suites[0].Testcases[0].Classname != "mdlife.6.1.run" {
		t.Errorf("junit: %d tests, %d failures; want %d, 1: %+v", suites.Tests, suites.Failures, len(rep.Rules), suites.Suites[0])
	}
	html := read(HTMLFile, nil, nil)
	if strings.Contains(html, "<script>") || !strings.Contains(html, "&lt;script&gt;") || strings.Count(html, "<svg") != 3 {
		t.Error("report.html does not escape, or lacks its charts")
	}
	if read(TextFile, nil, nil) != Text(o) {
		t.Error("verdict.txt is not what is printed")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	for range 2 { // the second finds nothing
		if err := Remove(dir); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("not removed: %v", left)
	}
}

// TestChart: a distribution rises to 100 %, and what was not measured has no line.
func TestChart(t *testing.T) {
	points := cumulative(latencyOf(0, 5, 30, 5))
	if len(points) != 2 || points[0].X != 1 || points[0].Y != 50 || points[1].X != 30 || points[1].Y != 100 {
		t.Errorf("points %v", points)
	}
	for _, l := range []event.Latency{{}, latencyOf(0, 5), latencyOf(2_000_000, 1)} {
		if element, err := distribution("open", l, event.Latency{}); err != nil || !strings.Contains(string(element), "</svg>") {
			t.Errorf("%+v: %v", l, err)
		}
	}
	var labels []string
	for _, tick := range decades(1, 2_000_000) {
		labels = append(labels, tick.Label)
	}
	if got := strings.Join(labels, " "); !strings.HasPrefix(got, "1.00 µs 10.0 µs") || !strings.HasSuffix(got, "1.00 s") {
		t.Errorf("ticks %q", got)
	}
}
