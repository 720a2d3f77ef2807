// SPDX-License-Identifier: BSD-3-Clause

package ci

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestReadAndCount reads a run of three steps: suites at the root and below it, a file that
// was cut short, and a step that left nothing.
func TestReadAndCount(t *testing.T) {
	dir := t.TempDir()
	writeAll(t, dir, map[string]string{
		"steps":                      "test 0 61\nvmtest 2 5\nmore 143 1\n",
		"test/out/test/junit.xml":    `<testsuite name="one" time="1.5"><testcase name="TestA" time="1.25"/><testcase name="TestB" time="x"/></testsuite>`,
		"vmtest/out/6.1/junit.xml":   cases("a", "b failure", "c skipped", "d skipped"),
		"vmtest/out/6.1/x/junit.xml": "<testsuites><testsuite",
		"vmtest/out/6.1/other.xml":   "no XML",
	})
	steps, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 3 || steps[0].Took != 61*time.Second || steps[0].Suites[0] != (Suite{"one", 1.5}) ||
		steps[0].Cases[0] != (Case{Suite: "one", Name: "TestA", Seconds: 1.25}) || steps[1].Files != 2 || len(steps[1].Broken) != 1 {
		t.Errorf("%+v", steps)
	}
	c := CountAll(steps, Skips{"c": "it may"})
	if c.OK() || c.Passed != 3 || len(c.Failed) != 4 || fmt.Sprint(c.Notes) != "[c (it may)]" {
		t.Errorf("%+v", c)
	}
	var out bytes.Buffer
	c.Print(&out, steps)
	for _, want := range []string{"      61.0 s  test\n", "       1.2 s  TestA\n", "failed: vmtest: b: because\n",
		"failed: d was skipped", "failed: more: exit code 143", "skipped: c (it may)\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if !strings.HasSuffix(out.String(), "\n3 passed, 4 failed, 1 skipped\n") {
		t.Errorf("the last line is missing in\n%s", out.String())
	}
}

// TestVerdictsSkip: a result that does not apply to a kernel is neither passed nor failed.
func TestVerdictsSkip(t *testing.T) {
	skipped := []Case{{Suite: "mdlife.6.1", Name: "window-W7", Skipped: true}, {Suite: "mdlife.6.1", Name: "window-W1"}}
	c := CountAll([]Step{{Name: "vmtest", Files: 1, Cases: skipped}}, nil)
	if !c.OK() || c.Passed != 1 || c.Skipped != 1 {
		t.Errorf("%+v", c)
	}
}

func TestNothingIsNoPass(t *testing.T) {
	if (Count{}).OK() {
		t.Error("a run that counted nothing passes")
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); err == nil {
		t.Error("a run without a list of steps is read")
	}
	writeAll(t, dir, map[string]string{"steps": "test 0\n", "skips": "TestA\n"})
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "want a name, an exit code and seconds") {
		t.Errorf("a line without a time: %v", err)
	}
	if _, err := ReadSkips(dir + "/skips"); err == nil || !strings.Contains(err.Error(), "no reason is given") {
		t.Errorf("a skip without a reason: %v", err)
	}
}

// TestSkips reads the list that is used.
func TestSkips(t *testing.T) {
	skips, err := ReadSkips("../../.ci/skips")
	if err != nil || len(skips) == 0 {
		t.Errorf("%v, %v", skips, err)
	}
}
