// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/benchmarks/paired"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

func TestMedians(t *testing.T) {
	k := verdict.Guest{Events: []event.Event{
		{Bench: &event.Bench{Name: "open-close", Micros: []float64{9, 1, 2}}},
		{Bench: &event.Bench{Name: "create-stop-gone", Micros: []float64{40}}},
		{Done: &event.Done{}},
	}}
	m, err := medians(k)
	if err != nil || len(m) != 2 || m["open-close"] != 2 || m["create-stop-gone"] != 40 {
		t.Errorf("%v %v", m, err)
	}
}

func TestGuestsWithoutFiguresAreErrors(t *testing.T) {
	for want, k := range map[string]verdict.Guest{
		"ended early: oops":  {Died: "oops", Events: []event.Event{{Bench: &event.Bench{Name: "x", Micros: []float64{1}}}}},
		"measured nothing":   {Events: []event.Event{{Done: &event.Done{}}}},
		"carry out its plan": {Events: []event.Event{{Done: &event.Done{Error: "no brd"}}}},
	} {
		if _, err := medians(k); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestPromises(t *testing.T) {
	slow := Boot{Limit: bootLimit, Result: paired.Result{Ratio: paired.Ratio{Median: 1.31}}}
	fast := Boot{Limit: bootLimit, Result: paired.Result{Ratio: paired.Ratio{Median: 1.29}}}
	if slow.Met() || !fast.Met() {
		t.Error("Boot.Met")
	}
	if (Whole{Seconds: 61, Limit: 60}).Met() || (Whole{Seconds: 1, Limit: 60, Exit: 1}).Met() || !(Whole{Seconds: 59, Limit: 60}).Met() {
		t.Error("Whole.Met")
	}
	if slower := (Whole{Seconds: 66, Limit: 60, ByHand: 15, Usual: 10}); slower.Scaled() != 44 || slower.Met() {
		t.Error("a slow machine is no excuse")
	}
}

func TestBuilt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "verdict.json")
	if _, err := built(file); err == nil {
		t.Error("there is no file")
	}
	text := `{"timings": [{"name": "build 6.1-base", "s": 300}, {"name": "patched: boot", "s": 2}, {"name": "build 6.1-patched", "s": 30}]}`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if sum, err := built(file); sum != 330 || err != nil {
		t.Errorf("%v %v", sum, err)
	}
}

func TestMedian(t *testing.T) {
	run := func(s, hand float64, exit int) Whole {
		return Whole{Name: "warm", Runs: []float64{s}, Seconds: s, Limit: 60, Exit: exit, ByHand: hand, Usual: 10}
	}
	got := median([]Whole{run(70, 12, 0), run(50, 11, 1), run(55, 15, 0)})
	if got.Seconds != 55 || got.ByHand != 12 || got.Exit != 1 || len(got.Runs) != 3 || got.Met() {
		t.Errorf("%+v", got)
	}
}

func TestEditMDChangesTheObject(t *testing.T) {
	tree := t.TempDir()
	md := filepath.Join(tree, "drivers", "md", "md.c")
	if err := os.MkdirAll(filepath.Dir(md), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := editMD(tree); err == nil {
		t.Error("a tree without md.c was edited")
	}
	if err := os.WriteFile(md, []byte("/* md */\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var before string
	for range 2 {
		if err := editMD(tree); err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(md)
		if string(b) == before || !strings.HasPrefix(string(b), "/* md */\nstatic") {
			t.Errorf("%q", b)
		}
		before = string(b)
	}
	lines := strings.Split(strings.TrimSpace(before), "\n")
	if name := strings.Fields(lines[1])[3]; strings.Contains(lines[2], name) {
		t.Errorf("two edits define %s", name)
	}
}

func TestWrite(t *testing.T) {
	root := t.TempDir()
	if err := Write(root, "warm", []Whole{{Name: "warm", Seconds: 40, Limit: 60}}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(root, "out", "bench", "warm.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name   string
		CPUs   int
		Result []Whole
	}
	if err := json.Unmarshal(b, &got); err != nil || got.Name != "warm" || got.CPUs == 0 || got.Result[0].Seconds != 40 {
		t.Errorf("%+v %v", got, err)
	}
}
