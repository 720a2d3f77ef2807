// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/proc/gittest"
	"mdlife/internal/remember"
	"mdlife/kernel/internal/faketree"
)

// pristine is what the patches of these tests apply to.
const pristine = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"

// mail makes a patch as git format-patch does, that replaces the line "four"
// and expects these lines around it.
func mail(before, after, subject string) string {
	return fmt.Sprintf(`From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
From: A Developer <dev@example.org>
Date: Mon, 1 Jan 2024 00:00:00 +0000
Subject: [PATCH] %s

A reason.
---
 md.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/md.c b/md.c
index 1111111..2222222 100644
--- a/md.c
+++ b/md.c
@@ -1,7 +1,7 @@
 one
 two
 three
-%s
+%s
 five
 six
 seven
`, subject, before, after)
}

// fixture makes a source with a checkpatch.pl that complains about "BAD", and a
// series of patches.
func fixture(t *testing.T, patches ...string) Check {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("src/md.c", pristine)
	write("src/scripts/checkpatch.pl", `my $p = pop @ARGV; die "no --strict" unless grep { $_ eq "--strict" } @ARGV;
open(F, $p) or die; while (<F>) {
	if (/BAD/) { print "$p:1: WARNING:BAD: bad\n"; $rc = 1 }
	if (/^\+.*?(\w*[a-z][A-Z]\w*)/) { print "$p:2: CHECK:CAMELCASE: Avoid CamelCase: <$1>\n"; $rc = 1 }
} exit $rc`)
	c := Check{Source: filepath.Join(dir, "src"), Dir: dir}
	for i, p := range patches {
		name := fmt.Sprintf("%04d-p.patch", i+1)
		write(name, p)
		c.Patches = append(c.Patches, Patch{name, []byte(p)})
	}
	return c
}

// failed returns the names of the results that are not OK.
func failed(rs []Result) string {
	var out []string
	for _, r := range rs {
		if !r.OK() {
			out = append(out, r.Name)
		}
	}
	return strings.Join(out, " ")
}

func TestApply(t *testing.T) {
	for _, tc := range []struct {
		name    string
		patches []string
		failed  string
		results int
	}{
		{"good", []string{mail("four", "4", "a"), mail("4", "IV", "b")}, "", 2},
		{"wrong order", []string{mail("4", "IV", "b"), mail("four", "4", "a")}, "apply 0001-p.patch", 1},
		{"context that only fuzz would take", []string{strings.Replace(mail("four", "4", "a"), "\n one\n", "\n uno\n", 1)}, "apply 0001-p.patch", 1},
		{"no mail", []string{mail("four", "4", "a"), strings.SplitAfter(mail("4", "IV", "b"), "---\n")[1]}, "apply 0002-p.patch", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := fixture(t, tc.patches...)
			rs, err := s.Apply(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if failed(rs) != tc.failed || len(rs) != tc.results {
				t.Errorf("%+v", rs)
			}
			if b, _ := os.ReadFile(filepath.Join(s.Source, "md.c")); string(b) != pristine {
				t.Error("the source was written to")
			}
		})
	}
}

// In a git hook of a linked worktree GIT_DIR and more are set.
func TestApplyInAGitHook(t *testing.T) {
	gittest.Victim(t)
	s := fixture(t, mail("four", "4", "a"), mail("4", "IV", "b"))
	for _, check := range []func(context.Context) ([]Result, error){s.Apply, s.Checkpatch} {
		if rs, err := check(t.Context()); err != nil || failed(rs) != "" || len(rs) != 2 {
			t.Errorf("%+v, %v", rs, err)
		}
	}
}

func TestApplyWithoutGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Check{Source: t.TempDir()}.Apply(t.Context())
	if err == nil || err.Error() != "git am: missing tools: apt-get install git" {
		t.Errorf("error %v", err)
	}
}

func TestApplyRefusesAPatchWithoutChanges(t *testing.T) {
	if _, err := fixture(t, "Subject: nothing\n\n").Apply(context.Background()); err == nil {
		t.Error("no error")
	}
}

func TestCheckpatch(t *testing.T) {
	s := fixture(t, mail("four", "4", "a"), mail("4", "BAD", "b"))
	rs, err := s.Checkpatch(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if failed(rs) != "checkpatch 0002-p.patch" || !strings.Contains(rs[1].Detail, "WARNING:BAD") {
		t.Errorf("%+v", rs)
	}
}

// A name that the pristine file has is not the patch's to change.
func TestCheckpatchTakesNamesOfTheKernel(t *testing.T) {
	s := fixture(t, mail("four", "MaxSector", "a"), mail("four", "maxSector", "b"), mail("four", "MaxSector BAD", "c"))
	if err := os.WriteFile(filepath.Join(s.Source, "md.c"), []byte(pristine+"MaxSector\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rs, err := s.Checkpatch(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if failed(rs) != "checkpatch 0002-p.patch checkpatch 0003-p.patch" ||
		!strings.Contains(rs[1].Detail, "<maxSector>") || strings.Contains(rs[2].Detail, "CAMELCASE") {
		t.Errorf("%+v", rs)
	}
}

func TestCheckpatchThatCannotRunIsAFailure(t *testing.T) {
	s := fixture(t, mail("four", "4", "a"))
	if err := os.Remove(filepath.Join(s.Source, "scripts/checkpatch.pl")); err != nil {
		t.Fatal(err)
	}
	rs, err := s.Checkpatch(context.Background())
	if err != nil || failed(rs) == "" {
		t.Errorf("%+v %v", rs, err)
	}
}

func TestInterruptedChecksAreNoResult(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := fixture(t, mail("four", "4", "a"))
	if _, err := s.Apply(ctx); err == nil {
		t.Error("Apply")
	}
	if _, err := s.Checkpatch(ctx); err == nil {
		t.Error("Checkpatch")
	}
}

// remembered lists which results were remembered.
func remembered(rs []Result) string {
	var out []string
	for _, r := range rs {
		if r.Remembered {
			out = append(out, r.Name)
		}
	}
	return strings.Join(out, " ")
}

// What has passed is done again only where something that went into it changed.
func TestChecksAreRememberedByContent(t *testing.T) {
	c := fixture(t, mail("four", "4", "a"), mail("4", "IV", "b"))
	c.Memory = remember.Open(t.TempDir())
	expect := func(what, apply, checkpatch string) {
		t.Helper()
		rs, err := c.Apply(t.Context())
		if err != nil || failed(rs) != "" || remembered(rs) != apply {
			t.Errorf("%s: %+v, %v", what, rs, err)
		}
		if rs, err = c.Checkpatch(t.Context()); err != nil || failed(rs) != "" || remembered(rs) != checkpatch {
			t.Errorf("%s: %+v, %v", what, rs, err)
		}
	}
	const applied, checked = "apply 0001-p.patch apply 0002-p.patch", "checkpatch 0001-p.patch checkpatch 0002-p.patch"
	expect("at first", "", "")
	expect("again", applied, checked)
	c.rewrite(t, 1, mail("4", "IV", "another subject"))
	expect("another second patch", "", "checkpatch 0001-p.patch")
	faketree.Write(t, c.Source, map[string]string{"md.c": pristine + "eight\n"})
	expect("another source", "", checked)
	script := faketree.Read(t, c.Source, "scripts/checkpatch.pl")
	faketree.Write(t, c.Source, map[string]string{"scripts/checkpatch.pl": script + "# newer\n"})
	expect("another checkpatch.pl", applied, "")
}

// rewrite gives a patch another text.
func (c *Check) rewrite(t *testing.T, i int, text string) {
	t.Helper()
	c.Patches[i].Text = []byte(text)
	faketree.Write(t, c.Dir, map[string]string{c.Patches[i].Name: text})
}

func TestFailuresAreNotRemembered(t *testing.T) {
	c := fixture(t, mail("4", "BAD", "a"))
	c.Memory = remember.Open(t.TempDir())
	for range 2 {
		for _, check := range []func(context.Context) ([]Result, error){c.Apply, c.Checkpatch} {
			if rs, err := check(t.Context()); err != nil || failed(rs) == "" || remembered(rs) != "" {
				t.Errorf("%+v, %v", rs, err)
			}
		}
	}
}
