// SPDX-License-Identifier: BSD-3-Clause

package cachedir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDir(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/some/where")
	if dir, err := Dir(); err != nil || dir != "/some/where/mdlife" {
		t.Errorf("%s, %v", dir, err)
	}
	t.Setenv("XDG_CACHE_HOME", "not/absolute")
	if dir, err := Dir(); err == nil || !strings.Contains(err.Error(), "set XDG_CACHE_HOME to an absolute path") {
		t.Errorf("a relative path: %s, %v", dir, err)
	}
}

func TestCheck(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	if err := Check(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(home, "mdlife")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	file := filepath.Join(home, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", file)
	if err := Check(); err == nil || !strings.Contains(err.Error(), "set XDG_CACHE_HOME to another directory") {
		t.Errorf("below a file: %v", err)
	}
}

func TestRoomFor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := RoomFor(dir, 1, "x"); err != nil {
		t.Error(err)
	}
	err := RoomFor(dir, 1<<40, "the kernel source")
	if err == nil || !strings.Contains(err.Error(), "the kernel source needs 1073741824.0 GiB in "+dir) || !strings.Contains(err.Error(), "free") {
		t.Errorf("got %v", err)
	}
}
