// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestReadSeries(t *testing.T) {
	dir := patchDir(t, []string{"0001-a.patch  # why", "  0002-b.patch -p1"}, map[string]string{"0001-a.patch": "x", "0002-b.patch": "y"})
	got, err := ReadSeries(dir)
	if err != nil || !slices.Equal(got, []string{"0001-a.patch", "0002-b.patch"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := ReadSeries(patchDir(t, nil, nil)); err != nil || len(got) != 0 {
		t.Errorf("empty series: %v, %v", got, err)
	}
}

func TestReadSeriesErrors(t *testing.T) {
	for text, want := range map[string]string{
		"missing.patch\n":   "series:1:",
		"\na.patch -p0\n":   "series:2:",
		"../other.patch\n":  "outside of the patch directory",
		"a.patch b.patch\n": "only -p1 patches, one a line",
	} {
		dir := t.TempDir()
		writeFiles(t, dir, map[string]string{"series": text, "a.patch": "x"})
		if _, err := ReadSeries(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("series %q: got %v, want %q", text, err, want)
		}
	}
	if _, err := ReadSeries(t.TempDir()); err == nil || !strings.Contains(err.Error(), "series") {
		t.Errorf("no series file: %v", err)
	}
}

// snapshot describes every file of a tree: path, inode, times and content.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	paths, err := listAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, path := range paths {
		info, err := os.Lstat(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		stat := info.Sys().(*syscall.Stat_t)
		all[path] = strings.Join([]string{info.ModTime().String(), info.Mode().String(), string(rune(stat.Ino)), read(t, dir, path)}, "|")
	}
	return all
}

func sameSnapshot(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for path, what := range a {
		if b[path] != what {
			return false
		}
	}
	return true
}

func TestApplySeries(t *testing.T) {
	patches := map[string]string{
		"1.patch": diff("2", "a2", "A2"),
		"2.patch": "diff --git a/sub/new.c b/sub/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/sub/new.c\n@@ -0,0 +1 @@\n+new\n" +
			"diff --git a/b.c b/b.c\ndeleted file mode 100644\n--- a/b.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n",
		"3.patch": "diff --git a/c.c b/d.c\nsimilarity index 100%\nrename from c.c\nrename to d.c\n" +
			"diff --git a/sub/new.c b/sub/new.c\n--- a/sub/new.c\n+++ b/sub/new.c\n@@ -1 +1,2 @@\n new\n+newer\n",
	}
	dir := patchDir(t, []string{"1.patch", "2.patch", "3.patch"}, patches)
	tree := fakeTree(t, nil)
	other := filepath.Join(t.TempDir(), "a.c")
	if err := os.Link(filepath.Join(tree, "a.c"), other); err != nil {
		t.Fatal(err)
	}
	if err := ApplySeries(t.Context(), tree, dir, 0); err != nil {
		t.Fatal(err)
	}
	if got := read(t, tree, "a.c"); !strings.Contains(got, "A2") {
		t.Errorf("a.c is %q", got)
	}
	if got := read(t, other); strings.Contains(got, "A2") {
		t.Error("a file hard-linked to a patched one has changed")
	}
	if got := read(t, tree, "sub/new.c"); got != "new\nnewer\n" {
		t.Errorf("new file is %q", got)
	}
	if read(t, tree, "d.c") != "c\n" || read(t, tree, "c.c") != "" || read(t, tree, "b.c") != "" {
		t.Error("rename or deletion was not done")
	}

	plain := patchDir(t, []string{"1.patch"}, map[string]string{
		"1.patch": "--- linux.orig/sub/new.c\t2026-01-01\n+++ linux/sub/new.c\t2026-01-02\n@@ -1,2 +1 @@\n new\n-newer\n"})
	if err := ApplySeries(t.Context(), tree, plain, 0); err != nil || read(t, tree, "sub/new.c") != "new\n" {
		t.Errorf("a patch that diff made: %v", err)
	}

	tree = fakeTree(t, nil)
	if err := ApplySeries(t.Context(), tree, dir, 1); err != nil {
		t.Fatal(err)
	}
	if read(t, tree, "b.c") != "b\n" || !strings.Contains(read(t, tree, "a.c"), "A2") {
		t.Error("upto 1 did not apply exactly the first patch")
	}
	if err := ApplySeries(t.Context(), tree, dir, 4); err == nil || !strings.Contains(err.Error(), "has 3 patches, not 4") {
		t.Errorf("upto beyond the series: %v", err)
	}
}

func TestBrokenPatchLeavesTree(t *testing.T) {
	twoHunks := strings.TrimSuffix(diff("2", "a2", "A2"), "-- \n2.39\n") + "@@ -8,3 +8,3 @@ f(void)\n a8\n-nine\n+A9\n a10\n"
	tests := []struct{ name, patch, want string }{
		{"second hunk", twoHunks, `patch 2.patch does not apply: a.c hunk 2 (@@ -8,3 +8,3 @@ f(void)): line 9 is "a9", the patch wants "nine"; tree left untouched`},
		{"no fuzz", strings.Replace(diff("9", "a9", "A9"), " a8", " other context", 1), "a.c hunk 1 (@@ -8,3 +8,3 @@)"},
		{"beyond the end", strings.Replace(diff("9", "a9", "A9"), "@@ -8,3 +8,3 @@\n a8", "@@ -98,3 +98,3 @@\n z8", 1), "the file has only 10 lines"},
		{"missing file", strings.ReplaceAll(diff("2", "a2", "A2"), "a.c", "nosuch.c"), "nosuch.c: No such file"},
		{"existing file", "diff --git a/c.c b/c.c\nnew file mode 100644\n--- /dev/null\n+++ b/c.c\n@@ -0,0 +1 @@\n+x\n", "c.c: already exists"},
		{"garbage", "this is no patch\nat all\n", "patch 2.patch holds no diff"},
		{"cut off", diff("2", "a2", "A2")[:115], "patch 2.patch"},
		{"escape", strings.ReplaceAll(diff("2", "a2", "A2"), "/a.c", "/../../a.c"), "outside of the tree"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := patchDir(t, []string{"1.patch", "2.patch"}, map[string]string{
				"1.patch": "diff --git a/b.c b/b.c\n--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-b\n+B\n", "2.patch": tt.patch})
			tree := fakeTree(t, nil)
			before := snapshot(t, tree)
			err := ApplySeries(t.Context(), tree, dir, 0)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "tree left untouched") {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if !sameSnapshot(before, snapshot(t, tree)) {
				t.Error("the tree has changed")
			}
		})
	}
}

// A repository around the tree or named in the environment, and settings that
// make git lenient, must not matter: in a subdirectory of a repository, git
// apply silently leaves out what it thinks is not its business.
func TestApplyIgnoresSurroundingGit(t *testing.T) {
	outer := t.TempDir()
	if _, err := gitOutput(t.Context(), outer, "init", "--quiet"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", outer)
	t.Setenv("GIT_DIR", filepath.Join(outer, ".git"))
	t.Setenv("GIT_WORK_TREE", outer)
	t.Setenv("HOME", outer)
	writeFiles(t, outer, map[string]string{".gitconfig": "[apply]\n\tignoreWhitespace = change\n"})
	tree := fakeTree(t, nil)
	dir := patchDir(t, []string{"1.patch"}, map[string]string{"1.patch": diff("2", "a2", "A2")})
	if err := ApplySeries(t.Context(), tree, dir, 0); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(t, tree, "a.c"), "A2") {
		t.Error("git apply left the patch out")
	}
	writeFiles(t, tree, map[string]string{"w.c": "x y\n"})
	spaced := patchDir(t, []string{"1.patch"}, map[string]string{
		"1.patch": "diff --git a/w.c b/w.c\n--- a/w.c\n+++ b/w.c\n@@ -1 +1 @@\n-x  y\n+z\n"})
	if err := ApplySeries(t.Context(), tree, spaced, 0); err == nil {
		t.Error("a patch that differs in white space was applied")
	}
}

func TestPatchesOfSeveralSeries(t *testing.T) {
	text := map[string]string{"1.patch": "one", "2.patch": "two"}
	first := patchDir(t, []string{"1.patch", "2.patch"}, text)
	second := patchDir(t, []string{"2.patch"}, text)
	for _, test := range []struct {
		req  Request
		want int
	}{
		{Request{PatchDir: first}, 2},
		{Request{PatchDir: first, MorePatchDirs: []string{second}}, 3},
		{Request{PatchDir: first, MorePatchDirs: []string{second}, Upto: 1}, 1},
		{Request{PatchDir: first, MorePatchDirs: []string{second}, Extra: "mutant.patch"}, 2},
	} {
		if got, err := test.req.patches(); err != nil || len(got) != test.want {
			t.Errorf("%+v: %v, %v", test.req, got.names(), err)
		}
	}
	if _, err := (Request{PatchDir: first, MorePatchDirs: []string{t.TempDir()}}).patches(); err == nil {
		t.Error("a directory without a series passes")
	}
}
