// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"path/filepath"
	"testing"

	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/source"
)

// contentOf is a slot content from the files of a directory.
func contentOf(t *testing.T, dir string) content {
	t.Helper()
	paths, err := source.ListAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := source.ScanPaths(t.Context(), dir, paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	from := func(path string) string { return filepath.Join(dir, path) }
	return content{files: files, from: from, shared: from}
}

// An update that fails on the way has changed some files. The slot must not
// believe that it still holds the old ones.
func TestFailedUpdateIsNotForgotten(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	faketree.Write(t, one, map[string]string{"a.c": "one", "b.c": "one", "sub/c.c": "one", "old.c": "one"})
	faketree.Write(t, two, map[string]string{"a.c": "two", "b.c": "two", "sub/c.c": "two", "new.c": "two"})
	first, second := contentOf(t, one), contentOf(t, two)
	s, err := openSlot(t.Context(), t.TempDir(), "slot", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.fill(t.Context(), first, nil); err != nil {
		t.Fatal(err)
	}
	broken := second
	n := 0
	broken.from = func(path string) string {
		if n++; n > 2 {
			return filepath.Join(two, "nowhere")
		}
		return second.from(path)
	}
	if err := s.fill(t.Context(), broken, nil); err == nil {
		t.Fatal("an update without its files did not fail")
	}
	if err := s.fill(t.Context(), first, nil); err != nil {
		t.Fatal(err)
	}
	for path := range first.files {
		if got := faketree.Read(t, s.src(), path); got != "one" {
			t.Errorf("%s is %q after the failed update was undone", path, got)
		}
	}
	if exists(s.src(), "new.c") {
		t.Error("a file of the failed update is left")
	}
	for path := range first.files {
		if faketree.Read(t, one, path) != "one" {
			t.Errorf("%s, to which the slot was linked, has changed", path)
		}
	}
}

// A file that changes between the scan and the copying must not get into a
// kernel under the old content's key.
func TestFileThatChangesWhileRead(t *testing.T) {
	dir := t.TempDir()
	faketree.Write(t, dir, map[string]string{"a.c": "one"})
	c := contentOf(t, dir)
	c.shared = func(string) string { return "" }
	faketree.Write(t, dir, map[string]string{"a.c": "two"})
	s, err := openSlot(t.Context(), t.TempDir(), "slot", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.fill(t.Context(), c, nil); err == nil {
		t.Error("a changed file was taken for the scanned one")
	}
}
