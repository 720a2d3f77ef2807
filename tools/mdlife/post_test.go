// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

// postRepository is [partsRepository] with all that post reads besides.
func postRepository(t *testing.T) {
	t.Helper()
	partsRepository(t)
	const src = "cache/mdlife/src/linux-source-9.9_1/"
	writeAll(t, ".", map[string]string{
		"patches/mainline/a/0000-cover-letter.txt": "Subject: [PATCH 00/01] fake: a line\n\nWhy.\n",
		src + "Makefile":                  "VERSION = 9\nPATCHLEVEL = 9\nSUBLEVEL = 0\nEXTRAVERSION = -rc1\n",
		src + "scripts/get_maintainer.pl": `print "Bea <bea\@b.example> (maintainer:A)\nl\@l.example (open list:A)\n";`,
	})
}

// runPostCLI runs the command with a sign-off, whose blank [runCLI] would cut at.
func runPostCLI(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"post", "-signoff", "Ann Author <ann@a.example>"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

// TestPostCommand: what is printed says to whom the mails go and how.
func TestPostCommand(t *testing.T) {
	postRepository(t)
	code, out, errs := runPostCLI(t, "-base", "mainline", "-series", "a", "-to", "my v1")
	if code != exitOK {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	for _, want := range []string{"my v1: a cover letter and 1 patch of patches/mainline/a\n", "To:          Bea <bea@b.example>\n", "Cc:          l@l.example\n",
		"base-commit: v9.9-rc1\n", "verdict:     none: there is no out/mainline/outcome.json", "mdlife vmtest -base mainline makes it\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if want := " send-email --no-thread --to-cmd=true --from 'Ann Author <ann@a.example>' 'my v1'/*.patch\n"; !strings.HasSuffix(out, want) {
		t.Errorf("the last line is not %q: %s", want, out)
	}
	if files, err := filepath.Glob("my v1/*"); err != nil || len(files) != 2 || filepath.Base(files[1]) != "0001-fake-change-a-line.patch" {
		t.Errorf("written: %q, %v", files, err)
	}
}

// TestPostVerdict: the newest comparison of the series is in the cover letter, and no other.
func TestPostVerdict(t *testing.T) {
	now := time.Now()
	for name, tc := range map[string]struct {
		again   string
		started time.Time
		note    string // of the output
		table   bool   // in the cover letter
	}{
		"newer":     {"mdlife vmtest -base mainline", now.Add(time.Hour), "PASS, of ", true},
		"older":     {"mdlife vmtest -base mainline", now.Add(-time.Hour), "it is older than patches/mainline/a/0001-a.patch: mdlife vmtest -base mainline makes a new one", true},
		"of a tree": {"mdlife vmtest -base mainline -tree /x", now.Add(time.Hour), "none: out/mainline/outcome.json is of another tree", false},
	} {
		t.Run(name, func(t *testing.T) {
			postRepository(t)
			outcome := verdict.Outcome{Schema: verdict.OutcomeSchema, Title: "Comparison on mainline", Verdict: verdict.Pass, Started: tc.started, Again: tc.again,
				Columns: []string{"mainline", "patched"}, Table: []verdict.Section{{Title: "kernel", Rows: []verdict.Row{{Label: "release", Cells: []string{"9.9"}}}}}}
			if err := report.WriteFiles("out/mainline", outcome); err != nil {
				t.Fatal(err)
			}
			code, out, errs := runPostCLI(t, "-base", "mainline", "-series", "a", "-to", "v1")
			if code != exitOK || !strings.Contains(out, tc.note) {
				t.Errorf("exit %d, no %q: %s%s", code, tc.note, out, errs)
			}
			letter, err := os.ReadFile("v1/0000-cover-letter.patch")
			if err != nil || strings.Contains(string(letter), "| release  | 9.9     |") != tc.table {
				t.Errorf("%v: %s", err, letter)
			}
		})
	}
}

// TestPostRefuses: a mistake has one line, exit code 2, and nothing is written.
func TestPostRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no sign-off":    {[]string{"-signoff", "", "-series", "a", "-to", "v1"}, `-signoff: want "Name <mail>"`},
		"no address":     {[]string{"-signoff", "Ann Author", "-series", "a", "-to", "v1"}, "no mail address"},
		"no name":        {[]string{"-signoff", "ann@a.example", "-series", "a", "-to", "v1"}, "has no name"},
		"no directory":   {[]string{"-series", "a"}, "-to: want a directory"},
		"not empty":      {[]string{"-series", "a", "-to", "patches"}, "-to patches: it is not empty"},
		"all parts":      {[]string{"-to", "v1"}, "one part is posted at a time; want one of a, b, c"},
		"two parts":      {[]string{"-series", "a,b", "-to", "v1"}, "one part is posted at a time; want one of a, b"},
		"another part":   {[]string{"-series", "odd", "-to", "v1"}, `has no part "odd"; there are a, b, c`},
		"another base":   {[]string{"-base", "7.9", "-series", "a", "-to", "v1"}, `no base "7.9"; known bases: 6.1, 6.12, mainline`},
		"a short commit": {[]string{"-series", "a", "-to", "v1", "-base-commit", "0123abc"}, "-base-commit 0123abc: want all 40 digits"},
	} {
		t.Run(name, func(t *testing.T) {
			postRepository(t)
			code, out, errs := runPostCLI(t, append([]string{"-base", "mainline"}, tc.args...)...)
			if code != exitUsage || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, tc.want) {
				t.Errorf("exit %d, stdout %q, stderr %q; want %q", code, out, errs, tc.want)
			}
			if left, err := filepath.Glob("*v1*"); err != nil || len(left) > 0 {
				t.Errorf("written: %q, %v", left, err)
			}
		})
	}
}

// TestPostOfNeeds: a part is written without what it needs, and that is said.
func TestPostOfNeeds(t *testing.T) {
	postRepository(t)
	needingParts(t)
	code, out, errs := runPostCLI(t, "-base", "mainline", "-series", "c", "-to", "v1")
	if want := "  needs:       patches/mainline/b, which is to be posted first\n"; code != exitOK || !strings.Contains(out, want) {
		t.Errorf("exit %d, no %q: %s%s", code, want, out, errs)
	}
	letter, err := os.ReadFile("v1/0000-cover-letter.patch")
	if err != nil || strings.Count(string(letter), "prerequisite-patch-id: ") != 1 {
		t.Errorf("%v: %s", err, letter)
	}
}
