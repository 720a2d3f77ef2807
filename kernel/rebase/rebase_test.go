// SPDX-License-Identifier: BSD-3-Clause

package rebase

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mdlife/internal/proc/gittest"
	"mdlife/internal/usage"
	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// lines is a file of numbered lines, some of them replaced.
func lines(prefix string, replaced map[int]string) string {
	var text strings.Builder
	for n := range 30 {
		line, ok := replaced[n]
		if !ok {
			line = prefix + string(rune('A'+n))
		}
		text.WriteString(line + "\n")
	}
	return text.String()
}

// oldFiles is what the series of request is made for.
func oldFiles() map[string]string {
	return map[string]string{"a.c": lines("a", nil), "sub/b.c": lines("b", nil), "rest.c": "rest\n"}
}

// request makes a cache with version 1 of a package and version 2, which
// differs by changed, and a series on version 1: 0001 makes new.h and changes
// line 5 of a.c, 0002 line 25 of a.c, and 0003 line 5 of sub/b.c.
func request(t *testing.T, changed map[string]string) Request {
	t.Helper()
	cache, patches := t.TempDir(), filepath.Join(t.TempDir(), "patches/fake")
	tree := map[string]string{"Makefile": faketree.Makefile, "Kconfig": "mainmenu \"fake\"\n"}
	for id, files := range map[string]map[string]string{"fake_1": nil, "fake_2": changed} {
		for _, part := range []map[string]string{tree, oldFiles(), files} {
			faketree.Write(t, filepath.Join(cache, "src", id), part)
		}
	}
	faketree.Write(t, filepath.Join(cache, "src"), map[string]string{"fake.newest": "fake_2", "fake_2.manifest": ""})
	faketree.Write(t, patches, map[string]string{
		"series":    "# SPDX and more\n0001-new.patch\n0002-late.patch # why\n\n0003-b.patch\n",
		"claims":    "1 R1\n",
		"0000-text": "cover\n",
	})
	mail(t, patches, []step{
		{"0001-new.patch", map[string]string{"new.h": "new\n", "a.c": lines("a", map[int]string{5: "five"})}},
		{"0002-late.patch", map[string]string{"a.c": lines("a", map[int]string{5: "five", 25: "late"})}},
		{"0003-b.patch", map[string]string{"sub/b.c": lines("b", map[int]string{5: "five"})}},
	})
	return Request{
		Origin:   source.Origin{Name: "fake", Package: "fake", Suites: []string{"none"}},
		PatchDir: patches, Cache: source.Cache{Dir: cache},
	}
}

// step is a patch by what it makes of files.
type step struct {
	name  string
	files map[string]string
}

// mail writes patches as git format-patch does.
func mail(t *testing.T, dir string, steps []step) {
	t.Helper()
	repo := t.TempDir()
	faketree.Write(t, repo, oldFiles())
	faketree.Git(t, repo, "init", "--quiet")
	faketree.Git(t, repo, "add", ".")
	faketree.Git(t, repo, "commit", "--quiet", "-m", "old")
	for _, s := range steps {
		faketree.Write(t, repo, s.files)
		faketree.Git(t, repo, "add", ".")
		faketree.Git(t, repo, "commit", "--quiet", "-m", "fake: "+s.name, "--author", "Ann Author <ann@localhost>", "--date", "2026-03-04T05:06:07Z")
		faketree.Write(t, dir, map[string]string{
			s.name: faketree.Git(t, repo, "format-patch", "--stdout", "--zero-commit", "-N", "--no-signature", "-1"),
		})
	}
}

// fates lists what became of the patches.
func fates(done Result) string {
	var all []string
	for _, p := range done.Patches {
		all = append(all, p.Fate)
	}
	return strings.Join(all, ", ")
}

// applies tells whether version 2 with the series has these files.
func applies(t *testing.T, req Request, want map[string]string) {
	t.Helper()
	tree := filepath.Join(t.TempDir(), "tree")
	if err := os.CopyFS(tree, os.DirFS(filepath.Join(req.Cache.Dir, "src/fake_2"))); err != nil {
		t.Fatal(err)
	}
	if err := series.Apply(t.Context(), tree, req.PatchDir, 0); err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if got := faketree.Read(t, tree, name); got != text {
			t.Errorf("%s is %q, want %q", name, got, text)
		}
	}
}

// leftovers lists what rebases have left in the cache, besides their lock.
func leftovers(t *testing.T, req Request) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(req.Cache.Dir, "rebase/*"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(left, func(path string) bool { return filepath.Base(path) == ".lock" })
}

// Line 5's neighbourhood differs in version 2, and everything after it is three
// lines further down.
func mergeable() map[string]string {
	return map[string]string{"a.c": lines("a", map[int]string{2: "two", 7: "seven", 12: "1\n2\n3\n4"})}
}

func TestRebaseMerges(t *testing.T) {
	req := request(t, mergeable())
	before := faketree.Snapshot(t, req.PatchDir)
	done, err := Run(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if got := fates(done); got != "merged, moved, as it was" || done.Onto != "fake_2" {
		t.Errorf("onto %s: %s", done.Onto, got)
	}
	applies(t, req, map[string]string{
		"a.c":     lines("a", map[int]string{2: "two", 5: "five", 7: "seven", 12: "1\n2\n3\n4", 25: "late"}),
		"sub/b.c": lines("b", map[int]string{5: "five"}), "new.h": "new\n",
	})
	after := faketree.Snapshot(t, req.PatchDir)
	for name := range before {
		changes := name == "0001-new.patch" || name == "0002-late.patch"
		if (before[name] != after[name]) != changes {
			t.Errorf("%s: written anew: %v", name, !changes)
		}
	}
	if len(after) != len(before) {
		t.Error("files came or went in the patch directory")
	}
	for _, want := range []string{"From: Ann Author <ann@localhost>\n", "Date: Wed, 4 Mar 2026 05:06:07 +0000\n", "Subject: [PATCH] fake: 0001-new.patch\n"} {
		if !strings.Contains(faketree.Read(t, req.PatchDir, "0001-new.patch"), want) {
			t.Errorf("0001 has lost %q", want)
		}
	}
	if left := leftovers(t, req); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if done, err = Run(t.Context(), req); err != nil || done.Patches != nil {
		t.Errorf("a second time: %v, %v", done, err)
	}
}

// A patch that ends in an empty line of context must keep it.
func TestRebaseKeepsLastLine(t *testing.T) {
	req := request(t, nil)
	for id, replaced := range map[string]map[int]string{"fake_1": {8: ""}, "fake_2": {2: "two", 8: ""}} {
		faketree.Write(t, filepath.Join(req.Cache.Dir, "src", id), map[string]string{"sub/b.c": lines("b", replaced)})
	}
	text := strings.Replace(faketree.Read(t, req.PatchDir, "0003-b.patch"), " bI\n", " \n", 1)
	faketree.Write(t, req.PatchDir, map[string]string{"0003-b.patch": text})
	done, err := Run(t.Context(), req)
	if err != nil || fates(done) != "as it was, as it was, merged" {
		t.Fatalf("%s, %v", fates(done), err)
	}
	if got := faketree.Read(t, req.PatchDir, "0003-b.patch"); !strings.HasSuffix(text, "\n \n") || !strings.HasSuffix(got, "\n \n") {
		t.Errorf("the patch ends in %q", got[len(got)-9:])
	}
}

func TestRebaseNothingToDo(t *testing.T) {
	req := request(t, map[string]string{"a.c": lines("a", map[int]string{12: "1\n2\n3\n4"}), "rest.c": "other\n"})
	before := faketree.Snapshot(t, req.PatchDir)
	done, err := Run(t.Context(), req)
	if err != nil || done.Patches != nil || done.Onto != "fake_2" {
		t.Errorf("%+v, %v", done, err)
	}
	if !maps.Equal(before, faketree.Snapshot(t, req.PatchDir)) {
		t.Error("the patches have changed")
	}
}

// A fix that the source has got meanwhile leaves the series, and its number free.
func TestRebaseDropsWhatTheSourceHas(t *testing.T) {
	req := request(t, map[string]string{"a.c": lines("a", map[int]string{25: "late", 12: "1\n2"})})
	done, err := Run(t.Context(), req)
	if err != nil || fates(done) != "as it was, gone, as it was" {
		t.Fatalf("%s, %v", fates(done), err)
	}
	if got := faketree.Read(t, req.PatchDir, "series"); got != "# SPDX and more\n0001-new.patch\n\n0003-b.patch\n" {
		t.Errorf("series is %q", got)
	}
	if exists(req.PatchDir, "0002-late.patch") {
		t.Error("the patch is still there")
	}
	applies(t, req, map[string]string{"a.c": lines("a", map[int]string{5: "five", 25: "late", 12: "1\n2"})})
}

// conflicting changes the line in version 2 that 0002 changes, and moves it.
func conflicting() map[string]string {
	files := mergeable()
	files["a.c"] = lines("a", map[int]string{2: "two", 12: "1\n2\n3\n4", 25: "theirs"})
	return files
}

// meetConflict runs a rebase into its conflict.
func meetConflict(t *testing.T, req Request) *ConflictError {
	t.Helper()
	before := faketree.Snapshot(t, req.PatchDir)
	_, err := Run(t.Context(), req)
	var conflict *ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("no conflict: %v", err)
	}
	if !maps.Equal(before, faketree.Snapshot(t, req.PatchDir)) {
		t.Error("the patches have changed")
	}
	return conflict
}

func TestRebaseConflict(t *testing.T) {
	req := request(t, conflicting())
	c := meetConflict(t, req)
	if c.Patch != "0002-late.patch" || strings.Join(c.Files, ";") != "a.c: the patch and the new source change the same lines" {
		t.Errorf("patch %s, files %v", c.Patch, c.Files)
	}
	for _, want := range []string{"<<<<<<<", "theirs", "late", ">>>>>>>"} {
		if !strings.Contains(c.Hunks, want) {
			t.Errorf("no %q in %s", want, c.Hunks)
		}
	}
	if c.Work != filepath.Join(req.Cache.Dir, "rebase/fake") || c.Next != "mdlife rebase -base fake -continue" {
		t.Errorf("work in %s, next %s", c.Work, c.Next)
	}
	_, err := Run(t.Context(), req)
	if !errors.Is(err, usage.Err) || !strings.Contains(err.Error(), c.Next) || !exists(c.Work, ".git") {
		t.Errorf("another begun meanwhile: %v", err)
	}
}

// A file that the new source has no more is a conflict without hunks.
func TestRebaseConflictOfFiles(t *testing.T) {
	req := request(t, map[string]string{"new.h": "other\n"})
	if err := os.Remove(filepath.Join(req.Cache.Dir, "src/fake_2/a.c")); err != nil {
		t.Fatal(err)
	}
	req.Work = filepath.Join(t.TempDir(), "work")
	c := meetConflict(t, req)
	all := strings.Join(c.Files, ";")
	if !strings.Contains(all, "a.c: the patch changes it, the new source has it no more") || !strings.Contains(all, "new.h: the patch makes it") {
		t.Errorf("files %v", c.Files)
	}
	if c.Work != req.Work || !strings.HasSuffix(c.Next, "-continue -work "+req.Work) || !exists(req.Work, ".git/rebase-merge") {
		t.Errorf("work in %s, next %s", c.Work, c.Next)
	}
}

func TestRebaseContinue(t *testing.T) {
	req := request(t, conflicting())
	if _, err := Continue(t.Context(), req); !errors.Is(err, usage.Err) {
		t.Errorf("nothing to go on with: %v", err)
	}
	c := meetConflict(t, req)
	goOn := func(want string) {
		t.Helper()
		before := faketree.Snapshot(t, req.PatchDir)
		if _, err := Continue(t.Context(), req); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if !maps.Equal(before, faketree.Snapshot(t, req.PatchDir)) || !exists(c.Work, ".git") {
			t.Error("the patches have changed, or the work has gone")
		}
	}
	goOn("0002-late.patch conflicts")
	resolved := lines("a", map[int]string{2: "two", 5: "five", 12: "1\n2\n3\n4", 25: "theirs, late"})
	faketree.Write(t, c.Work, map[string]string{"a.c": resolved})
	faketree.Git(t, c.Work, "add", "a.c")
	goOn("has not ended: git rebase --continue")
	faketree.Git(t, c.Work, "rebase", "--continue")
	faketree.Git(t, c.Work, "gc", "--quiet")
	series := faketree.Read(t, req.PatchDir, "series")
	faketree.Write(t, req.PatchDir, map[string]string{"series": strings.Replace(series, "0003", "# 0003", 1)})
	goOn("the patches have changed")
	faketree.Write(t, req.PatchDir, map[string]string{"series": series})
	done, err := Continue(t.Context(), req)
	if err != nil || fates(done) != "merged, merged, as it was" {
		t.Fatalf("%s, %v", fates(done), err)
	}
	applies(t, req, map[string]string{"a.c": resolved, "new.h": "new\n"})
	if left := leftovers(t, req); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRebaseContinueRefuses(t *testing.T) {
	for want, spoil := range map[string]func(work string){
		"adds conflict markers": func(work string) {
			faketree.Git(t, work, "add", "a.c")
			faketree.Git(t, work, "rebase", "--continue")
		},
		"was given up": func(work string) { faketree.Git(t, work, "rebase", "--abort") },
		"is not one of the series' patches": func(work string) {
			faketree.Git(t, work, "rebase", "--skip")
			faketree.Git(t, work, "commit", "--quiet", "--allow-empty", "-m", "more")
		},
		"not committed": func(work string) {
			faketree.Git(t, work, "rebase", "--skip")
			faketree.Write(t, work, map[string]string{"a.c": "changed\n"})
		},
	} {
		req := request(t, conflicting())
		c := meetConflict(t, req)
		spoil(c.Work)
		before := faketree.Snapshot(t, req.PatchDir)
		if _, err := Continue(t.Context(), req); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if !maps.Equal(before, faketree.Snapshot(t, req.PatchDir)) || !exists(c.Work, ".git") {
			t.Errorf("%s: the patches have changed, or the work has gone", want)
		}
	}
}

// stopAt is a context that ends when it is asked for the n-th time.
type stopAt struct {
	context.Context
	cancel context.CancelFunc
	n      *int
}

func (c stopAt) Err() error {
	if *c.n--; *c.n == 0 {
		c.cancel()
	}
	return c.Context.Err()
}

func TestRebaseInterrupted(t *testing.T) {
	stopped := 0
	for _, at := range []int{1, 3, 10, 30, 40, 50, 60, 70, 80, 90} {
		req := request(t, mergeable())
		before := faketree.Snapshot(t, req.PatchDir)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		left := at
		_, err := Run(stopAt{ctx, cancel, &left}, req)
		if err == nil {
			continue // it was done before
		}
		stopped++
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted at %d: %v", at, err)
		}
		if !maps.Equal(before, faketree.Snapshot(t, req.PatchDir)) {
			t.Errorf("interrupted at %d: the patches have changed", at)
		}
		if l := leftovers(t, req); len(l) > 0 {
			t.Errorf("interrupted at %d: left behind: %v", at, l)
		}
	}
	if stopped < 5 {
		t.Errorf("only %d were interrupted", stopped)
	}
}

func TestRebaseFrom(t *testing.T) {
	req := request(t, mergeable())
	if err := os.Rename(filepath.Join(req.Cache.Dir, "src/fake_1"), filepath.Join(req.Cache.Dir, "tree")); err != nil {
		t.Fatal(err)
	}
	_, err := Run(t.Context(), req)
	for _, want := range []string{"patch 0001-new.patch does not apply", "in the cache, which has: fake_2", "mdlife rebase -base fake -from DIR|VERSION"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no source takes the series: %v, want %q", err, want)
		}
	}
	for from, want := range map[string]string{"7.9": "in the cache, which has: fake_2", req.PatchDir: "is no kernel tree"} {
		req.From = from
		if _, err := Run(t.Context(), req); !errors.Is(err, usage.Err) || !strings.Contains(err.Error(), want) {
			t.Errorf("-from %s: %v", from, err)
		}
	}
	req.From = "2"
	if _, err := Run(t.Context(), req); err == nil || !strings.Contains(err.Error(), "-from 2: patch 0001-new.patch does not apply") {
		t.Errorf("-from a version that does not take the series: %v", err)
	}
	req.From = filepath.Join(req.Cache.Dir, "tree")
	if done, err := Run(t.Context(), req); err != nil || fates(done) != "merged, moved, as it was" {
		t.Errorf("-from a tree: %s, %v", fates(done), err)
	}
}

// The settings and the repository of whoever runs mdlife do not matter.
func TestRebaseIgnoresSurroundingGit(t *testing.T) {
	req, outer := request(t, mergeable()), t.TempDir()
	faketree.Git(t, outer, "init", "--quiet")
	faketree.Write(t, outer, map[string]string{
		".gitconfig": "[commit]\n\tgpgSign = true\n[diff]\n\tnoprefix = true\n", ".config/git/ignore": "*.c\n"})
	t.Setenv("HOME", outer)
	t.Setenv("GIT_DIR", filepath.Join(outer, ".git"))
	t.Setenv("GIT_INDEX_FILE", filepath.Join(outer, "index"))
	if done, err := Run(t.Context(), req); err != nil || fates(done) != "merged, moved, as it was" {
		t.Errorf("%s, %v", fates(done), err)
	}
}

func TestWithoutLines(t *testing.T) {
	if got := withoutLines("# 1.patch\n1.patch\n 2.patch -p1 # x\n3.patch", ".", []string{"2.patch", "3.patch"}); got != "# 1.patch\n1.patch\n" {
		t.Errorf("%q", got)
	}
	if got := withoutLines("1.patch\n2.patch\n", "late", []string{"late/2.patch", "early/1.patch"}); got != "1.patch\n" {
		t.Errorf("of a part: %q", got)
	}
}

// A git hook of a linked worktree has GIT_DIR and more set.
func TestRebaseInAGitHook(t *testing.T) {
	req := request(t, mergeable())
	gittest.Victim(t)
	if done, err := Run(t.Context(), req); err != nil || fates(done) != "merged, moved, as it was" {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestConflictInAGitHook(t *testing.T) {
	req := request(t, conflicting())
	gittest.Victim(t)
	meetConflict(t, req)
}

// exists reports whether there is a file or directory.
func exists(elem ...string) bool {
	_, err := os.Stat(filepath.Join(elem...))
	return err == nil
}
