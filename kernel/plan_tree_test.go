// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/proc/gittest"
	"mdlife/kernel/internal/faketree"
)

// testTree builds a developer's tree through several edits.
func testTree(t *testing.T, dir string) {
	req := Request{Tree: dir, CacheDir: t.TempDir()}
	faketree.Write(t, dir, map[string]string{"b.c": "uncommitted\n", "untracked.c": "untracked\n", "z.o": "an object", ".config": "CONFIG_X=y\n"})
	before := faketree.Snapshot(t, dir)
	r := build(t, req)
	if !maps.Equal(before, faketree.Snapshot(t, dir)) {
		t.Error("the developer's tree was written to")
	}
	if image := faketree.Read(t, r.Dir, "bzImage"); !strings.Contains(image, "uncommitted") || !strings.Contains(image, "untracked") {
		t.Errorf("edits are not in the kernel: %q", image)
	}
	slots, _ := filepath.Glob(filepath.Join(req.CacheDir, "work", "tree-*", "src"))
	if len(slots) != 1 {
		t.Fatalf("slots: %v", slots)
	}
	if faketree.Read(t, slots[0], "z.o") != "" || faketree.Read(t, slots[0], ".config") != "" {
		t.Error("build products were copied")
	}
	if again := build(t, req); !again.Cached {
		t.Error("an unchanged tree was built again")
	}

	faketree.Write(t, dir, map[string]string{"c.c": "edit\n"})
	if err := os.Remove(filepath.Join(dir, "untracked.c")); err != nil {
		t.Fatal(err)
	}
	r = build(t, req)
	if image := faketree.Read(t, r.Dir, "bzImage"); compiled(t, r) != "c.o" || !strings.Contains(image, "edit") || strings.Contains(image, "untracked") {
		t.Errorf("after an edit and a removal: compiled %q, image %q", compiled(t, r), image)
	}
	// Touching a file without changing it builds nothing.
	faketree.Write(t, dir, map[string]string{"c.c": "edit\n"})
	if r := build(t, req); !r.Cached {
		t.Error("a touched file was taken for a changed one")
	}
}

func TestTreePlain(t *testing.T) { testTree(t, faketree.New(t, nil)) }
func TestTreeGit(t *testing.T)   { testTree(t, faketree.NewGit(t, nil)) }

func TestTreeInsideAnotherRepository(t *testing.T) {
	outer := faketree.NewGit(t, nil)
	dir := filepath.Join(outer, "linux")
	faketree.Run(t, "cp", "-r", faketree.New(t, nil), dir)
	faketree.Write(t, outer, map[string]string{".gitignore": "linux\n"})
	testTree(t, dir)
}

func TestTreeVersion(t *testing.T) {
	dir := faketree.NewGit(t, nil)
	clean := build(t, Request{Tree: dir, CacheDir: t.TempDir()})
	faketree.Write(t, dir, map[string]string{"a.c": "x\n"})
	dirty := build(t, Request{Tree: dir, CacheDir: t.TempDir()})
	if clean.Version == "" || dirty.Version != clean.Version+"-dirty" {
		t.Errorf("versions %q and %q", clean.Version, dirty.Version)
	}
}

// A tree that is a copy of the base, with an edit, starts from the objects of
// the base.
func TestTreeStartsFromBase(t *testing.T) {
	req := fakeRequest(t, nil)
	build(t, req)
	req.Tree = t.TempDir()
	src, err := SourceTree(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	faketree.Run(t, "cp", "-r", src+"/.", req.Tree)
	faketree.Write(t, req.Tree, map[string]string{"c.c": "edit\n"})
	r := build(t, req)
	if compiled(t, r) != "c.o" || !strings.Contains(faketree.Read(t, r.Dir, "bzImage"), "edit") {
		t.Errorf("compiled %q", compiled(t, r))
	}
}

// A git hook of a linked worktree has GIT_DIR and more set.
func TestTreeInAGitHook(t *testing.T) {
	for name, dir := range map[string]string{"git tree": faketree.NewGit(t, nil), "plain": faketree.New(t, nil)} {
		t.Run(name, func(t *testing.T) {
			gittest.Victim(t)
			testTree(t, dir)
		})
	}
}
