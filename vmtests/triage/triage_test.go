// SPDX-License-Identifier: BSD-3-Clause

package triage

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is found into the golden logs' headers; read the diff")

// TestGolden compares what is found in each log of testdata with its header:
// TITLE, KIND and FRAMES of each finding, then an empty line, then the log.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.log")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden logs: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, log, ok := strings.Cut(string(data), "\n\n")
			if !ok {
				t.Fatal("no empty line between header and log")
			}
			got := header(want, Scan(log))
			if *update {
				if err := os.WriteFile(path, []byte(got+"\n\n"+log), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("found:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// header writes findings as a golden log's header, after its comments.
func header(old string, found []Finding) string {
	var lines []string
	for line := range strings.Lines(old) {
		if strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	for _, f := range found {
		lines = append(lines, "TITLE: "+f.Title, "KIND: "+f.Kind, strings.TrimRight("FRAMES: "+strings.Join(f.Frames, " "), " "))
	}
	if len(found) == 0 {
		lines = append(lines, "CLEAN")
	}
	return strings.Join(lines, "\n")
}

const warn = `[    1.0] boot
[    1.317942] ------------[ cut here ]------------
[    1.317942] WARNING: CPU: 0 PID: 42 at drivers/md/md.c:123 md_open+0x10/0x30
[    1.335298] Call Trace:
[    1.335298]  <TASK>
[    1.335451]  blkdev_get_whole+0x20/0x100
[    1.339815]  </TASK>
[    1.339815] ---[ end trace 0000000000000000 ]---
`

func TestFinding(t *testing.T) {
	fs := Scan(warn)
	if len(fs) != 1 {
		t.Fatalf("%d findings, want 1: %v", len(fs), fs)
	}
	f := fs[0]
	if f.Line != 2 || len(f.Lines) != 7 || f.Lines[0] != "------------[ cut here ]------------" {
		t.Errorf("line %d, %d lines, the first %q; want 2, 7, cut here", f.Line, len(f.Lines), f.Lines[0])
	}
	if want := "WARNING in md_open (md_open < blkdev_get_whole)"; f.String() != want {
		t.Errorf("%q, want %q", f, want)
	}
}

func TestAllow(t *testing.T) {
	for _, test := range []struct {
		allow   Allow
		allowed string
	}{
		{Allow{Text: "md_open", Reason: "it is known"}, "it is known"},
		{Allow{Text: "drivers/md/md.c:123"}, "allowed: drivers/md/md.c:123"},
		{Allow{Text: "md_close", Reason: "it is known"}, ""},
		{Allow{Reason: "an entry without text allows nothing"}, ""},
	} {
		fs := Scan(warn, test.allow)
		if len(fs) != 1 || fs[0].Allowed != test.allowed {
			t.Errorf("%+v: %+v, want allowed %q", test.allow, fs, test.allowed)
			continue
		}
		expected, rest := Expected(fs)
		if len(expected)+len(rest) != 1 || (len(expected) == 1) != (test.allowed != "") {
			t.Errorf("%+v: %d expected, %d not", test.allow, len(expected), len(rest))
		}
	}
}

// TestForms feeds the same report as consoles write it.
func TestForms(t *testing.T) {
	for name, from := range map[string]func(string) string{
		"carriage returns": func(l string) string { return strings.TrimSuffix(l, "\n") + "\r\n" },
		"levels":           func(l string) string { return "<4>" + l },
		"caller":           func(l string) string { return strings.Replace(l, "] ", "][   T42] ", 1) },
		"cpu":              func(l string) string { return strings.Replace(l, "] ", "][    C1] ", 1) },
		"no stamps":        func(l string) string { _, l, _ = strings.Cut(l, "] "); return l },
		"escapes":          func(l string) string { return "\x1b[0;31m" + l },
		"after output":     func(l string) string { return "mdadm: some output" + l },
		"other lines":      func(l string) string { return l + "a program speaks\n" },
	} {
		var log strings.Builder
		for line := range strings.Lines(warn) {
			log.WriteString(from(line))
		}
		fs := Scan(log.String())
		if len(fs) != 1 || fs[0].Title != "WARNING in md_open" {
			t.Errorf("%s: %v, want one WARNING in md_open", name, fs)
		}
	}
}

// TestHarmless lists lines that look like trouble and are not.
func TestHarmless(t *testing.T) {
	for _, line := range []string{
		"mdadm: WARNING: bad superblock on /dev/ram0",
		"mdadm: BUG in my head",
		"[    0.1] ACPI BIOS Error (bug): Could not resolve symbol",
		"[    0.1] md: bug free",
		"[    0.1] WARNING! power/level is deprecated",
		"[    0.1] WARNING: Spectre v2 mitigation leaves CPU vulnerable",
		"[    0.1] rcu: INFO: nothing",
		"[    0.1] Lockdep is turned off",
		"[    0.1] workqueue: del_work hogged CPU for >10000us 4 times",
		"[    0.1] Kernel command line: panic=-1 oops=panic",
		"[    0.1] kmemleak: Kernel memory leak detector initialized (mem pool available: 15680)",
		"[    0.1] UBSAN: enabled",
		"[    0.1] random: crng init done",
		"",
	} {
		if fs := Scan(warn[:strings.Index(warn, "\n")+1] + line); len(fs) != 0 {
			t.Errorf("%q gives %q", line, fs[0].Title)
		}
	}
}

// TestBounds feeds more findings and lines than are kept.
func TestBounds(t *testing.T) {
	s := NewScanner()
	s.Add("[    1.000000] BUG: KASAN: slab-out-of-bounds in f+0x1/0x2")
	s.Add("[    1.000000] Call Trace:")
	for i := range 10 * maxLines {
		s.Add(fmt.Sprintf("[    1.000000]  f%d+0x1/0x2", i))
	}
	for range 2 * maxFindings {
		s.Add("[    1.000000] kernel BUG at f.c:1!")
		s.Add("[    1.000000] ---[ end trace 0 ]---")
	}
	fs := s.Findings()
	if len(fs) != maxFindings || len(fs[0].Lines) > maxLines || len(fs[0].Frames) != maxFrames {
		t.Errorf("%d findings, %d lines, %d frames", len(fs), len(fs[0].Lines), len(fs[0].Frames))
	}
}

// FuzzScan asks only that nothing crashes and bounds hold.
func FuzzScan(f *testing.F) {
	f.Add(warn)
	paths, _ := filepath.Glob("testdata/*.log")
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, log string) {
		for _, x := range Scan(log) {
			if x.Title == "" || x.Kind == "" || x.Line < 1 || len(x.Frames) > maxFrames || len(x.Lines) > maxLines+2 || len(x.Lines) == 0 {
				t.Fatalf("bad finding %+v", x)
			}
		}
	})
}

// TestGrowing asks for the findings after every line: what is known of a report may only grow.
func TestGrowing(t *testing.T) {
	for _, log := range goldenLogs(t) {
		s := NewScanner()
		for line := range strings.Lines(log) {
			s.Add(line)
			s.Findings()
		}
		if got, want := fmt.Sprint(s.Findings()), fmt.Sprint(Scan(log)); got != want {
			t.Errorf("asked after each line: %s\nasked at the end: %s", got, want)
		}
	}
}
