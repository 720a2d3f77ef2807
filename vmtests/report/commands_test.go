// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// arrayPlan asks for all test cases of arrays.
var arrayPlan = event.Plan{Cells: []string{event.AllCells}}

// caseGuest is a guest that has reported these test cases.
func caseGuest(label string, cases ...event.Cell) verdict.Guest {
	var events []event.Event
	for _, c := range cases {
		events = append(events, event.Event{Cell: &c})
	}
	return guestOf(label, arrayPlan, events...)
}

var (
	lived   = event.Cell{Name: "raid5/life-1.2", Personality: "raid5", OK: true, Detail: "lived", Opens: map[string]int{"ok": 10}}
	raced   = event.Cell{Name: "raid5/life-1.2", Personality: "raid5", OK: true, Opens: map[string]int{"ok": 10, "ENODEV": 2}}
	lost    = event.Cell{Name: "raid5/stop-dirty", Personality: "raid5", Detail: "block 7 is of writing 1, not 2", Opens: map[string]int{"ok": 3}}
	skipped = event.Cell{Name: "multipath/life-1.2", Personality: "multipath", Skipped: "kernels do not have it"}
)

// TestArrays: a test case that fails, or beside which an open does, breaks its rule on every
// kernel but the unpatched one; a skipped one breaks none, and passes none.
func TestArrays(t *testing.T) {
	for _, tc := range []struct {
		name    string
		guests  []verdict.Guest
		reasons int
		want    string
	}{
		{"all well", []verdict.Guest{caseGuest("unpatched", raced), caseGuest("patched", lived, skipped)}, 0, "opens"},
		{"opens failed", []verdict.Guest{caseGuest("patched", raced)}, 1, "2, 12"},
		{"data lost", []verdict.Guest{caseGuest("patched", lived, lost)}, 1, "FAIL ✗"},
		{"data lost unpatched", []verdict.Guest{caseGuest("unpatched", lost), caseGuest("patched", lived)}, 0,
			"unpatched (not judged): raid5/stop-dirty: block 7 is of writing 1, not 2"},
		{"nothing to run", []verdict.Guest{caseGuest("unpatched", skipped), caseGuest("patched", skipped)}, 1, "nothing was tested"},
		{"nothing reported", []verdict.Guest{caseGuest("patched")}, 1, "no test case of the personalities"},
	} {
		t.Run(tc.name, func(t *testing.T) { expect(t, run.Arrays(tc.guests, nil), tc.reasons, tc.want) })
	}
}

// expect expects an outcome to have so many reasons, and its text to contain something.
func expect(t *testing.T, o verdict.Outcome, reasons int, want string) {
	t.Helper()
	text := Text(o)
	if len(o.Reasons) != reasons || !strings.Contains(text, want) {
		t.Errorf("%d reasons %q, want %d and %q in\n%s", len(o.Reasons), o.Reasons, reasons, want, text)
	}
	if pass := strings.HasSuffix(text, "\nPASS\n"); pass != (reasons == 0) {
		t.Errorf("the last word is wrong:\n%s", text)
	}
}

// TestNoPower: a test case that a patch is for, and that the unpatched kernel passes, does not count.
func TestNoPower(t *testing.T) {
	guests := []verdict.Guest{caseGuest("unpatched", lived), caseGuest("patched", lived)}
	o := run.Arrays(guests, []string{lived.Name})
	if text := Text(o); !strings.Contains(text, "no power") {
		t.Errorf("it does not say so:\n%s", text)
	}
	for _, r := range o.Suites[1].Results {
		if r.Name == verdict.CasePrefix+lived.Name && !r.Skipped {
			t.Errorf("it passes: %+v", r)
		}
	}
	guests[0] = caseGuest("unpatched", lost)
	if text := Text(run.Arrays(guests, []string{lost.Name})); strings.Contains(text, "no power") {
		t.Errorf("the unpatched kernel fails it:\n%s", text)
	}
}

// TestArraysJUnit: a failure is one in JUnit's file, unless it is the unpatched kernel's.
func TestArraysJUnit(t *testing.T) {
	guests := []verdict.Guest{caseGuest("unpatched", lived, lost, skipped), caseGuest("patched", lived, lost, skipped)}
	guests[1].Died = "panic"
	o := run.Arrays(guests, nil)
	o.Command = "arrays"
	var b bytes.Buffer
	if err := WriteJUnit(&b, o); err != nil {
		t.Fatal(err)
	}
	var suites junit.Testsuites
	if err := xml.Unmarshal(b.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	if len(suites.Suites) != 2 || suites.Failures != 2 || suites.Skipped != 3 {
		t.Errorf("%d suites, %d failures, %d skipped, want 2, 2, 3", len(suites.Suites), suites.Failures, suites.Skipped)
	}
	for part, want := range map[string]int{
		`classname="mdlife.6.1.arrays.patched.raid5"`: 2, `classname="mdlife.6.1.arrays.unpatched.run"`: 2,
		"not judged: block 7": 1, `message="skipped: kernels do not have it"`: 2, `message="the guest ended early: panic`: 1, `name="life-1.2"`: 4,
	} {
		if got := strings.Count(b.String(), part); got != want {
			t.Errorf("%q is there %d times, want %d:\n%s", part, got, want, b.String())
		}
	}
}

func TestWriteCells(t *testing.T) {
	dir := t.TempDir()
	if err := WriteCells(dir, []verdict.Guest{caseGuest("unpatched", raced, lost), caseGuest("patched", raced, lost)}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, CellsFile))
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]int{`"detail": "block 7 is of writing 1, not 2"`: 2, `"label": "patched"`: 1, `"ENODEV": 2`: 2} {
		if got := strings.Count(string(b), part); got != want {
			t.Errorf("%q is there %d times, want %d:\n%s", part, got, want, b)
		}
	}
}

// TestRaces: the unpatched kernel is judged only where its guest died.
func TestRaces(t *testing.T) {
	plan := event.Plan{Races: []event.RaceSpec{specIoctl}}
	bad := func(label string) verdict.Guest {
		return guestOf(label, plan, raceOf(specIoctl, 100, map[string]int64{"ok": 10, "ENODEV": 5}))
	}
	good := guestOf("patched", plan, raceOf(specIoctl, 600, map[string]int64{"ok": 90}))
	dead := bad("unpatched")
	dead.Died = "panic"
	expect(t, run.Races([]verdict.Guest{bad("unpatched"), good}), 0, "unpatched (not judged): R7 race-ioctl: open-ro failed with ENODEV 5 times")
	expect(t, run.Races([]verdict.Guest{good, bad("debug")}), 1, "debug: R7 race-ioctl")
	expect(t, run.Races([]verdict.Guest{dead, good}), 2, "unpatched: complete: the guest ended early: panic")
}

// TestWindows: the unpatched kernel must fail as it is known to, all others must hold.
func TestWindows(t *testing.T) {
	plan := event.Plan{Windows: []string{event.AllWindows}}
	side := func(label, got string) verdict.Guest {
		return guestOf(label, plan,
			event.Event{Window: &event.Window{Name: "W1", Fails: "ENXIO", Got: got, Held: got == "", Detail: "W1.txt:9"}},
			event.Event{Window: &event.Window{Name: "W7", Skipped: "md is built in"}})
	}
	onlySkipped := guestOf("patched", plan, event.Event{Window: &event.Window{Name: "W7", Skipped: "md is built in"}})
	expect(t, run.Windows([]verdict.Guest{side("unpatched", "ENXIO"), side("patched", "")}), 0, "skipped: md is built in")
	expect(t, run.Windows([]verdict.Guest{side("unpatched", ""), side("patched", "")}), 1, "unpatched: window-W1: holds")
	expect(t, run.Windows([]verdict.Guest{side("unpatched", "ENXIO"), side("patched", "EINTR")}), 1, "patched: window-W1: EINTR (W1.txt:9)")
	expect(t, run.Windows([]verdict.Guest{onlySkipped}), 1, "nothing was tested: window-W7: skipped: md is built in")
}

func TestSoak(t *testing.T) {
	soak := event.Plan{Soak: &event.SoakSpec{Devices: 1, Seconds: 1}}
	good := []event.Event{raceOf(specIoctl, 5, map[string]int64{"ok": 90}), raceOf(specNamed, 5, map[string]int64{"ok": 9}), {Soak: &event.Soak{}}}
	expect(t, run.Soak(guestOf("patched", soak, good...)), 0, "Stop by named")
	left := append(good[:2:2], event.Event{Soak: &event.Soak{Left: []string{"/sys/block/md3"}}})
	expect(t, run.Soak(guestOf("patched", soak, left...)), 1, "R1 soak-gone: /sys/block/md3")
	bad := append(good[1:3:3], raceOf(specIoctl, 5, map[string]int64{"ENXIO": 9}))
	expect(t, run.Soak(guestOf("patched", soak, bad...)), 1, "9 ✗")
}

func TestPowerCuts(t *testing.T) {
	p := verdict.PowerCuts{Label: "patched", Seed: 7, Cuts: 1}
	p.Add(event.Power{Array: "raid5", Acked: 9, Looked: 9})
	expect(t, run.PowerCuts(p), 0, "Patched: the machine was killed 1 times")
	p.Add(event.Power{Array: "raid6", Wrong: "block 3 is torn"})
	expect(t, run.PowerCuts(p), 1, "kept-raid6: after cut 1: block 3 is torn")
}

func TestMutants(t *testing.T) {
	killed := Mutant{Name: "no-retry", Subject: "the retry", Requirement: "R6", Killers: []verdict.Result{{Name: "race-ioctl"}}, Took: 20 * time.Second}
	survivor := Mutant{Name: "unit-kept", Subject: "the release", Requirement: "R7", Tests: []string{"R8", "window-W2"}}
	expect(t, run.Mutants([]Mutant{killed}), 0, "race-ioctl")
	expect(t, run.Mutants([]Mutant{killed, survivor}), 1, "SURVIVED: R8, window-W2 did not notice")
	expect(t, run.Mutants(nil), 1, "nothing was tested")
}

func TestTests(t *testing.T) {
	good := event.Event{Check: &event.Check{Name: "R1-gone", Requirement: "R1", OK: true, Detail: "gone in 3 ms"}}
	bad := event.Event{Check: &event.Check{Name: "R8-inert", Requirement: "R8", Detail: "ENODEV"}}
	g := guestOf("debug", event.Plan{Checks: true}, good)
	expect(t, run.Tests(g), 0, "gone in 3 ms")
	g = guestOf("debug", event.Plan{Checks: true}, good, bad)
	g.Trace = "blocked tasks"
	expect(t, run.Tests(g), 1, "blocked tasks")
	expect(t, run.Tests(g), 1, "R8-inert: ENODEV")
}

// TestMatrix: a row that fails on a kernel that is judged is marked, and is a reason.
func TestMatrix(t *testing.T) {
	m := verdict.NewMatrix(run.Started, 7)
	bad := []verdict.Result{{Name: "R8-inert", Requirement: "R8", Detail: "ENODEV"}}
	m.Add("6.1 unpatched", false, bad)
	m.Add("6.1 patched", true, []verdict.Result{{Name: "R8-inert", Requirement: "R8", OK: true}})
	expect(t, run.Matrix(m, nil), 0, "ok (1)")
	expect(t, run.Matrix(m, []verdict.Suite{{Name: "6.1 comparison", Judged: true, Results: bad}}), 1, "6.1 comparison: R8-inert: ENODEV")
	m.Add("6.12 patched", true, bad)
	expect(t, run.Matrix(m, nil), 1, "fails ✗")
}

func TestWriteMatrix(t *testing.T) {
	m := verdict.NewMatrix(run.Started, 7)
	path := filepath.Join(t.TempDir(), "out", "matrix.json")
	if err := WriteMatrix(path, m); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), `"seed": 7`) {
		t.Errorf("%v: %s", err, b)
	}
}
