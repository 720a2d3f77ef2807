// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mdlife/kernel/internal/faketree"
)

// TestDebianIgnoresItsTop: the .gitignore of linux-source hides every file at the
// top of the tree and all below, but the tree must not look empty.
func TestDebianIgnoresItsTop(t *testing.T) {
	dir := t.TempDir()
	faketree.Write(t, dir, map[string]string{
		"Makefile": "VERSION = 6\n", "Kconfig": "", "drivers/md/md.c": "", "drivers/md/md.o": "", "vmlinux": "", ".config": "", ".pc/md.c": "",
		".gitignore": "*.o\n/vmlinux\n/*\n!/debian/\n",
	})
	for _, isGit := range []bool{false, true} {
		if isGit {
			faketree.Git(t, dir, "init", "--quiet")
			faketree.Git(t, dir, "add", "-A")
		}
		tree, err := OpenTree(t.Context(), dir)
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

func TestScanReadsOnlyWhatChanged(t *testing.T) {
	dir := faketree.New(t, nil)
	paths, err := ListAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := ScanPaths(t.Context(), dir, paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first["a.c"].ctime != 0 {
		t.Error("a file that was written a moment ago is trusted by its times")
	}
	// Pretend that the times were taken long after the writing, and that the
	// content was something else: an unchanged file is not read again.
	info, err := scanFile(filepath.Join(dir, "a.c"), Entry{}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	info.sum = "remembered"
	second, err := ScanPaths(t.Context(), dir, paths, Manifest{"a.c": info})
	if err != nil {
		t.Fatal(err)
	}
	if second["a.c"].sum != "remembered" {
		t.Error("an unchanged file was read again")
	}
}

func TestManifestFile(t *testing.T) {
	m := Manifest{"a b": {mode: modeExec, sum: "1", size: 2, mtime: 3, ctime: 4}, "c": {mode: modeLink, sum: "?"}}
	file := filepath.Join(t.TempDir(), "manifest")
	if err := m.Save(file); err != nil {
		t.Fatal(err)
	}
	got := LoadManifest(file)
	if len(got) != 2 || got["a b"] != m["a b"] || got["c"] != m["c"] {
		t.Errorf("got %v, want %v", got, m)
	}
	text := faketree.Read(t, file)
	for cut := range len(text) - 1 {
		faketree.Write(t, filepath.Dir(file), map[string]string{"manifest": text[:cut]})
		if got := LoadManifest(file); got != nil {
			t.Fatalf("cut off after %d bytes, it still reads as %v", cut, got)
		}
	}
}
