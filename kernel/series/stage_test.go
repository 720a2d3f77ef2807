// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/proc/gittest"
	"mdlife/kernel/internal/faketree"
)

func TestApplySeries(t *testing.T) {
	patches := map[string]string{
		"1.patch": faketree.Diff("2", "a2", "A2"),
		"2.patch": "diff --git a/sub/new.c b/sub/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/sub/new.c\n@@ -0,0 +1 @@\n+new\n" +
			"diff --git a/b.c b/b.c\ndeleted file mode 100644\n--- a/b.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n",
		"3.patch": "diff --git a/c.c b/d.c\nsimilarity index 100%\nrename from c.c\nrename to d.c\n" +
			"diff --git a/sub/new.c b/sub/new.c\n--- a/sub/new.c\n+++ b/sub/new.c\n@@ -1 +1,2 @@\n new\n+newer\n",
	}
	dir := faketree.PatchDir(t, []string{"1.patch", "2.patch", "3.patch"}, patches)
	tree := faketree.New(t, nil)
	other := filepath.Join(t.TempDir(), "a.c")
	if err := os.Link(filepath.Join(tree, "a.c"), other); err != nil {
		t.Fatal(err)
	}
	if err := Apply(t.Context(), tree, dir, 0); err != nil {
		t.Fatal(err)
	}
	if got := faketree.Read(t, tree, "a.c"); !strings.Contains(got, "A2") {
		t.Errorf("a.c is %q", got)
	}
	if got := faketree.Read(t, other); strings.Contains(got, "A2") {
		t.Error("a file hard-linked to a patched one has changed")
	}
	if got := faketree.Read(t, tree, "sub/new.c"); got != "new\nnewer\n" {
		t.Errorf("new file is %q", got)
	}
	if faketree.Read(t, tree, "d.c") != "c\n" || faketree.Read(t, tree, "c.c") != "" || faketree.Read(t, tree, "b.c") != "" {
		t.Error("rename or deletion was not done")
	}

	plain := faketree.PatchDir(t, []string{"1.patch"}, map[string]string{
		"1.patch": "--- linux.orig/sub/new.c\t2026-01-01\n+++ linux/sub/new.c\t2026-01-02\n@@ -1,2 +1 @@\n new\n-newer\n"})
	if err := Apply(t.Context(), tree, plain, 0); err != nil || faketree.Read(t, tree, "sub/new.c") != "new\n" {
		t.Errorf("a patch that diff made: %v", err)
	}

	tree = faketree.New(t, nil)
	if err := Apply(t.Context(), tree, dir, 1); err != nil {
		t.Fatal(err)
	}
	if faketree.Read(t, tree, "b.c") != "b\n" || !strings.Contains(faketree.Read(t, tree, "a.c"), "A2") {
		t.Error("upto 1 did not apply exactly the first patch")
	}
	if err := Apply(t.Context(), tree, dir, 4); err == nil || !strings.Contains(err.Error(), "has 3 patches, not 4") {
		t.Errorf("upto beyond the series: %v", err)
	}
}

func TestBrokenPatchLeavesTree(t *testing.T) {
	twoHunks := strings.TrimSuffix(faketree.Diff("2", "a2", "A2"), "-- \n2.39\n") + "@@ -8,3 +8,3 @@ f(void)\n a8\n-nine\n+A9\n a10\n"
	tests := []struct{ name, patch, want string }{
		{"second hunk", twoHunks, `patch 2.patch does not apply: a.c hunk 2 (@@ -8,3 +8,3 @@ f(void)): line 9 is "a9", the patch wants "nine"; tree left untouched`},
		{"no fuzz", strings.Replace(faketree.Diff("9", "a9", "A9"), " a8", " other context", 1), "a.c hunk 1 (@@ -8,3 +8,3 @@)"},
		{"beyond the end", strings.Replace(faketree.Diff("9", "a9", "A9"), "@@ -8,3 +8,3 @@\n a8", "@@ -98,3 +98,3 @@\n z8", 1), "the file has only 10 lines"},
		{"missing file", strings.ReplaceAll(faketree.Diff("2", "a2", "A2"), "a.c", "nosuch.c"), "nosuch.c: No such file"},
		{"existing file", "diff --git a/c.c b/c.c\nnew file mode 100644\n--- /dev/null\n+++ b/c.c\n@@ -0,0 +1 @@\n+x\n", "c.c: already exists"},
		{"garbage", "this is no patch\nat all\n", "patch 2.patch holds no diff"},
		{"cut off", faketree.Diff("2", "a2", "A2")[:115], "patch 2.patch"},
		{"escape", strings.ReplaceAll(faketree.Diff("2", "a2", "A2"), "/a.c", "/../../a.c"), "outside of the tree"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := faketree.PatchDir(t, []string{"1.patch", "2.patch"}, map[string]string{
				"1.patch": "diff --git a/b.c b/b.c\n--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-b\n+B\n", "2.patch": tt.patch})
			tree := faketree.New(t, nil)
			before := faketree.Snapshot(t, tree)
			err := Apply(t.Context(), tree, dir, 0)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "tree left untouched") {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if !maps.Equal(before, faketree.Snapshot(t, tree)) {
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
	faketree.Git(t, outer, "init", "--quiet")
	t.Setenv("TMPDIR", outer)
	t.Setenv("GIT_DIR", filepath.Join(outer, ".git"))
	t.Setenv("GIT_WORK_TREE", outer)
	t.Setenv("HOME", outer)
	faketree.Write(t, outer, map[string]string{".gitconfig": "[apply]\n\tignoreWhitespace = change\n"})
	tree := faketree.New(t, nil)
	dir := faketree.PatchDir(t, []string{"1.patch"}, map[string]string{"1.patch": faketree.Diff("2", "a2", "A2")})
	if err := Apply(t.Context(), tree, dir, 0); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(faketree.Read(t, tree, "a.c"), "A2") {
		t.Error("git apply left the patch out")
	}
	faketree.Write(t, tree, map[string]string{"w.c": "x y\n"})
	spaced := faketree.PatchDir(t, []string{"1.patch"}, map[string]string{
		"1.patch": "diff --git a/w.c b/w.c\n--- a/w.c\n+++ b/w.c\n@@ -1 +1 @@\n-x  y\n+z\n"})
	if err := Apply(t.Context(), tree, spaced, 0); err == nil {
		t.Error("a patch that differs in white space was applied")
	}
}

// In a git hook of a linked worktree GIT_DIR and more are set.
func TestApplySeriesInAGitHook(t *testing.T) {
	gittest.Victim(t)
	tree := faketree.New(t, nil)
	dir := faketree.PatchDir(t, []string{"1.patch"}, map[string]string{"1.patch": faketree.Diff("2", "a2", "A2")})
	if err := Apply(t.Context(), tree, dir, 0); err != nil || !strings.Contains(faketree.Read(t, tree, "a.c"), "A2") {
		t.Errorf("not applied: %v", err)
	}
}
