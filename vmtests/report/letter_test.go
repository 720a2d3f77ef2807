// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mdlife/vmtests/verdict"
)

// letterOutcome is a comparison that has lost a rule.
func letterOutcome() verdict.Outcome {
	return verdict.Outcome{Schema: verdict.OutcomeSchema, Title: "Comparison on 6.1: unpatched and patched", Verdict: verdict.Fail,
		Reasons: []string{"R7: 3 opens failed"}, Started: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Again: "mdlife vmtest -seed 3",
		Columns: []string{"6.1", "unpatched", "patched"},
		Table: []verdict.Section{
			{Title: "all races (10 s)", Rows: []verdict.Row{{Label: "opens failed, by errno", Cells: []string{"81,121 ENODEV, 7,414 EBUSY, 3,801 ENXIO", "3"}, Bad: true}}},
			{Title: raceTitle + "ioctl: stop by ioctl", Rows: []verdict.Row{{Label: "opens", Cells: []string{"1", "2"}}}},
		},
		Suites: []verdict.Suite{{Judged: true, Results: []verdict.Result{{Name: "R7"}, {Name: "R8", OK: true}}}}}
}

func TestLetter(t *testing.T) {
	got := Letter(letterOutcome())
	want := `Comparison on 6.1: unpatched and patched, on 2026-03-04:
    mdlife vmtest -seed 3

+------------------------+-----------------------+---------+
| 6.1                    | unpatched             | patched |
+------------------------+-----------------------+---------+
| All races (10 s)                                         |
| opens failed, by errno | 81,121 ENODEV, 7,414  | 3 ✗     |
|                        | EBUSY, 3,801 ENXIO    |         |
+------------------------+-----------------------+---------+
  - not kept: R7: 3 opens failed
FAIL: 1 of 2 rules kept.`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("more than 80 columns: %s", line)
		}
	}
}

func TestReadOutcome(t *testing.T) {
	dir := t.TempDir()
	if _, ok, err := ReadOutcome(dir); ok || err != nil {
		t.Errorf("nothing there: %v, %v", ok, err)
	}
	if err := WriteFiles(dir, letterOutcome()); err != nil {
		t.Fatal(err)
	}
	if o, ok, err := ReadOutcome(dir); !ok || err != nil || Letter(o) != Letter(letterOutcome()) {
		t.Errorf("%+v, %v, %v", o, ok, err)
	}
	for text, want := range map[string]string{"{": "is damaged", `{"schema": 99}`: "has schema 99"} {
		if err := os.WriteFile(filepath.Join(dir, OutcomeFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := ReadOutcome(dir); ok || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", text, ok, err)
		}
	}
}
