// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"mdlife/vmtests/event"
)

func TestTextShowsBothKernels(t *testing.T) {
	in := passing()
	in.Patched.Findings = []Finding{{Kind: "warning", Title: "WARNING in md_free"}}
	in.Unpatched.Trace = "unpatched: hung\nblocked tasks (sysrq-w)"
	rep := Judge(in)
	var b bytes.Buffer
	if err := rep.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"142,000 ENODEV, 916 ENXIO, 10 EBUSY", "1,200 (×6.0)", "10.0 µs / 1.00 ms / 1.00 ms", "5 of 40", "0 of 40",
		"no: open after stop", "WARNING in md_free", "Seed 7", "blocked tasks (sysrq-w)", "\nFAIL\n  - dmesg: warning: WARNING in md_free",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
}

func TestTextSaysThatMinimumsAreScaled(t *testing.T) {
	in := passing()
	if strings.Contains(Judge(in).pointer().Conclusion(), "Note:") {
		t.Error("a full run has a note")
	}
	in.Race = FullRace * 3 / 10
	if got := Judge(in).pointer().Conclusion(); !strings.Contains(got, "30,000 opens and 300 stop cycles") {
		t.Error(got)
	}
}

// pointer lets a test call Report's methods on a returned value.
func (rep Report) pointer() *Report { return &rep }

func TestMissingPhaseIsShownNotDropped(t *testing.T) {
	in := passing()
	drop(&in.Patched, func(e event.Event) bool { return e.Race != nil || e.Mdadm != nil || e.Check != nil })
	rep := Judge(in)
	var b bytes.Buffer
	if err := rep.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "missing ✗"); n < 20 {
		t.Errorf("%d missing cells:\n%s", n, b.String())
	}
}

func TestFilesRoundTrip(t *testing.T) {
	in := passing()
	in.Patched.patchEvil()
	rep := Judge(in)
	dir := filepath.Join(t.TempDir(), "out", "6.1")
	if err := rep.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var back Report
	if err := json.Unmarshal(read(JSONFile), &back); err != nil {
		t.Fatal(err)
	}
	if back.Verdict != rep.Verdict || back.Unpatched.Total.OpenFails["ENODEV"] != 142000 || len(back.Patched.Races) != 2 {
		t.Errorf("verdict.json lost something: %+v", back)
	}
	var suites junit.Testsuites
	if err := xml.Unmarshal(read(JUnitFile), &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Tests != len(rep.Rules) || suites.Failures != len(rep.Reasons) || suites.Failures != 1 {
		t.Errorf("junit: %d tests, %d failures; want %d, %d", suites.Tests, suites.Failures, len(rep.Rules), len(rep.Reasons))
	}
	html := string(read(HTMLFile))
	if strings.Contains(html, "<script>") || !strings.Contains(html, "&lt;script&gt;") || !strings.Contains(html, "polyline") {
		t.Error("report.html does not escape or lacks its charts")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	for range 2 { // the second finds nothing
		if err := RemoveFiles(dir); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("not removed: %v", left)
	}
}

// patchEvil breaks one rule with a detail that is also HTML.
func (k *Kernel) patchEvil() {
	k.Events[3].Check.OK = false
	k.Events[3].Check.Detail = "<script>alert(1)</script>"
}

func TestMicros(t *testing.T) {
	for us, want := range map[float64]string{0: "0.00 µs", 12: "12.0 µs", 345: "345 µs", 3400: "3.40 ms", 1.25e6: "1.25 s"} {
		if got := micros(us); got != want {
			t.Errorf("micros(%v) = %q, want %q", us, got, want)
		}
	}
}

func TestChartStaysInItsFrame(t *testing.T) {
	c := newChart("open", latencyOf(1, 5, 30, 5), latencyOf(2_000_000, 1))
	if c.Unpatched != "40.0,85.0 101.2,10.0" && !strings.HasPrefix(c.Unpatched, "40.0,85.0 ") {
		t.Errorf("points %q", c.Unpatched)
	}
	if len(c.Ticks) != 8 || c.Ticks[7].Label != "10 s" || c.Ticks[7].X != chartRight {
		t.Errorf("ticks %+v", c.Ticks)
	}
	if empty := newChart("gone", event.Latency{}, event.Latency{}); empty.Unpatched != "" || len(empty.Ticks) != 2 {
		t.Errorf("empty chart %+v", empty)
	}
}
