// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mdlife/internal/proc"
)

// runTool runs a tool that must succeed.
func runTool(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := proc.Command(name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// gitTree makes a fake tree a git repository with one commit.
func gitTree(t *testing.T, files map[string]string) string {
	dir := fakeTree(t, files)
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "-A"},
		{"-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "-m", "m"}} {
		gitIn(t, dir, args...)
	}
	return dir
}

// testTree builds a developer's tree through several edits.
func testTree(t *testing.T, dir string) {
	req := Request{Tree: dir, CacheDir: t.TempDir()}
	writeFiles(t, dir, map[string]string{"b.c": "uncommitted\n", "untracked.c": "untracked\n", "z.o": "an object", ".config": "CONFIG_X=y\n"})
	before := snapshot(t, dir)
	r := build(t, req)
	if !sameSnapshot(before, snapshot(t, dir)) {
		t.Error("the developer's tree was written to")
	}
	if image := read(t, r.Dir, "bzImage"); !strings.Contains(image, "uncommitted") || !strings.Contains(image, "untracked") {
		t.Errorf("edits are not in the kernel: %q", image)
	}
	slots, _ := filepath.Glob(filepath.Join(req.CacheDir, "work", "tree-*", "src"))
	if len(slots) != 1 {
		t.Fatalf("slots: %v", slots)
	}
	if read(t, slots[0], "z.o") != "" || read(t, slots[0], ".config") != "" {
		t.Error("build products were copied")
	}
	if again := build(t, req); !again.Cached {
		t.Error("an unchanged tree was built again")
	}

	writeFiles(t, dir, map[string]string{"c.c": "edit\n"})
	if err := os.Remove(filepath.Join(dir, "untracked.c")); err != nil {
		t.Fatal(err)
	}
	r = build(t, req)
	if image := read(t, r.Dir, "bzImage"); compiled(t, r) != "c.o" || !strings.Contains(image, "edit") || strings.Contains(image, "untracked") {
		t.Errorf("after an edit and a removal: compiled %q, image %q", compiled(t, r), image)
	}
	// Touching a file without changing it builds nothing.
	writeFiles(t, dir, map[string]string{"c.c": "edit\n"})
	if r := build(t, req); !r.Cached {
		t.Error("a touched file was taken for a changed one")
	}
}

func TestTreePlain(t *testing.T) { testTree(t, fakeTree(t, nil)) }
func TestTreeGit(t *testing.T)   { testTree(t, gitTree(t, nil)) }

func TestTreeInsideAnotherRepository(t *testing.T) {
	outer := gitTree(t, nil)
	dir := filepath.Join(outer, "linux")
	runTool(t, "cp", "-r", fakeTree(t, nil), dir)
	writeFiles(t, outer, map[string]string{".gitignore": "linux\n"})
	testTree(t, dir)
}

// TestDebianIgnoresItsTop: the .gitignore of linux-source hides every file at the
// top of the tree and all below, but the tree must not look empty.
func TestDebianIgnoresItsTop(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"Makefile": "VERSION = 6\n", "Kconfig": "", "drivers/md/md.c": "", "drivers/md/md.o": "", "vmlinux": "", ".config": "", ".pc/md.c": "",
		".gitignore": "*.o\n/vmlinux\n/*\n!/debian/\n",
	})
	for _, isGit := range []bool{false, true} {
		if isGit {
			gitIn(t, dir, "init", "--quiet")
			gitIn(t, dir, "add", "-A")
		}
		tree, err := openTree(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		paths, err := tree.list(t.Context())
		slices.Sort(paths)
		if want := []string{"Kconfig", "Makefile", "drivers/md/md.c"}; err != nil || !slices.Equal(paths, want) {
			t.Errorf("git %v: %q, %v", isGit, paths, err)
		}
	}
}

func TestTreeVersion(t *testing.T) {
	dir := gitTree(t, nil)
	clean := build(t, Request{Tree: dir, CacheDir: t.TempDir()})
	writeFiles(t, dir, map[string]string{"a.c": "x\n"})
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
	runTool(t, "cp", "-r", req.Base.Tree+"/.", req.Tree)
	writeFiles(t, req.Tree, map[string]string{"c.c": "edit\n"})
	r := build(t, req)
	if compiled(t, r) != "c.o" || !strings.Contains(read(t, r.Dir, "bzImage"), "edit") {
		t.Errorf("compiled %q", compiled(t, r))
	}
}

func TestScanReadsOnlyWhatChanged(t *testing.T) {
	dir := fakeTree(t, nil)
	paths, err := listAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := scanPaths(t.Context(), dir, paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first["a.c"].ctime != 0 {
		t.Error("a file that was written a moment ago is trusted by its times")
	}
	// Pretend that the times were taken long after the writing, and that the
	// content was something else: an unchanged file is not read again.
	info, err := scanFile(filepath.Join(dir, "a.c"), entry{}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	info.sum = "remembered"
	second, err := scanPaths(t.Context(), dir, paths, manifest{"a.c": info})
	if err != nil {
		t.Fatal(err)
	}
	if second["a.c"].sum != "remembered" {
		t.Error("an unchanged file was read again")
	}
}

func TestManifestFile(t *testing.T) {
	m := manifest{"a b": {mode: modeExec, sum: "1", size: 2, mtime: 3, ctime: 4}, "c": {mode: modeLink, sum: unsure}}
	file := filepath.Join(t.TempDir(), "manifest")
	if err := m.save(file); err != nil {
		t.Fatal(err)
	}
	got := loadManifest(file)
	if len(got) != 2 || got["a b"] != m["a b"] || got["c"] != m["c"] {
		t.Errorf("got %v, want %v", got, m)
	}
	text := read(t, file)
	for cut := range len(text) - 1 {
		writeFiles(t, filepath.Dir(file), map[string]string{"manifest": text[:cut]})
		if got := loadManifest(file); got != nil {
			t.Fatalf("cut off after %d bytes, it still reads as %v", cut, got)
		}
	}
}
