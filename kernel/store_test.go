// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// fillWith writes a kernel of one file.
func fillWith(text string) func(string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, "bzImage"), []byte(text), 0o644) }
}

func TestStorePutAndFind(t *testing.T) {
	s := store{filepath.Join(t.TempDir(), "kernels")}
	if _, ok := s.find("k"); ok {
		t.Fatal("found a kernel in an empty store")
	}
	put, err := s.put(Result{Key: "k", Release: "6.1"}, fillWith("image"))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := s.find("k")
	if !ok || !got.Cached || put.Cached || got.Dir != put.Dir || got.Release != "6.1" {
		t.Errorf("put %+v, found %+v (%v)", put, got, ok)
	}
}

func TestStoreDistrustsDamage(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"short file":      func(dir string) error { return os.Truncate(filepath.Join(dir, "bzImage"), 2) },
		"missing file":    func(dir string) error { return os.Remove(filepath.Join(dir, "bzImage")) },
		"no result":       func(dir string) error { return os.Remove(filepath.Join(dir, "result.json")) },
		"half a result":   func(dir string) error { return os.Truncate(filepath.Join(dir, "result.json"), 20) },
		"another's name":  func(dir string) error { return os.Rename(dir, filepath.Dir(dir)+"/other") },
		"empty directory": func(dir string) error { os.RemoveAll(dir); return os.Mkdir(dir, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			s := store{t.TempDir()}
			r, err := s.put(Result{Key: "k"}, fillWith("image"))
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(r.Dir); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"k", "other"} {
				if _, ok := s.find(key); ok {
					t.Errorf("a damaged kernel was found as %s", key)
				}
			}
			if _, err := s.put(Result{Key: "k"}, fillWith("again")); err != nil {
				t.Fatal(err)
			}
			if r, ok := s.find("k"); !ok || faketree.Read(t, r.Dir, "bzImage") != "again" {
				t.Error("the damaged kernel was not replaced")
			}
		})
	}
}

// A writer that dies leaves its temporary directory without a lock.
func TestStoreSweepsDeadWriters(t *testing.T) {
	s := store{t.TempDir()}
	dead, alive := filepath.Join(s.dir, ".new-dead"), ""
	faketree.Write(t, dead, map[string]string{"bzImage": "half"})
	alive, unlock, err := s.temp()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	old := time.Now().Add(-time.Hour)
	for _, dir := range []string{dead, alive} {
		if err := os.Chtimes(dir, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.put(Result{Key: "k"}, fillWith("image")); err != nil {
		t.Fatal(err)
	}
	if exists(dead) || !exists(alive) {
		t.Errorf("dead writer's directory there: %v; living one's: %v", exists(dead), exists(alive))
	}
}

func TestStoreTwoWriters(t *testing.T) {
	s := store{t.TempDir()}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.put(Result{Key: "k"}, fillWith("image")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, ok := s.find("k"); !ok {
		t.Error("eight writers left no kernel")
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, ".new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// smallDisk returns a directory on a file system of 256 KiB. Only root can
// mount one; anybody else gets a directory, and an error instead of the disk's.
func smallDisk(t *testing.T) (dir string, fault error) {
	t.Helper()
	dir = t.TempDir()
	if os.Geteuid() != 0 {
		return dir, syscall.ENOSPC
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		return dir, syscall.ENOSPC // root without CAP_SYS_ADMIN, in a container
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, nil
}

func TestStoreFullDisk(t *testing.T) {
	disk, fault := smallDisk(t)
	s := store{filepath.Join(disk, "kernels")}
	_, err := s.put(Result{Key: "k"}, func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "vmlinux"), bytes.Repeat([]byte("x"), 1<<20), 0o644), fault)
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want no space left", err)
	}
	if _, ok := s.find("k"); ok {
		t.Error("a half-written kernel was found")
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if _, err := s.put(Result{Key: "k"}, fillWith("small")); err != nil {
		t.Errorf("after the failure: %v", err)
	}
}

// A full disk must not cost the tree that a series is installed into.
func TestApplyOnFullDisk(t *testing.T) {
	disk, fault := smallDisk(t)
	if fault != nil {
		// Without a small disk, a directory in a temporary file's place is the
		// fault.
		faketree.Write(t, disk, map[string]string{"sub/.mdlife-new-big.c/x": ""})
	}
	faketree.Write(t, disk, map[string]string{"a.c": "a\n", "sub/keep": ""})
	big := strings.Repeat("+"+strings.Repeat("x", 99)+"\n", 4000)
	dir := faketree.PatchDir(t, []string{"1.patch"}, map[string]string{"1.patch": "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+A\n" +
		"diff --git a/sub/big.c b/sub/big.c\nnew file mode 100644\n--- /dev/null\n+++ b/sub/big.c\n@@ -0,0 +1,4000 @@\n" + big})
	if err := series.Apply(t.Context(), disk, dir, 0); err == nil {
		t.Fatal("400 kB fitted on a disk of 256 KiB")
	}
	paths, err := source.ListAll(disk)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if fault == nil && strings.Contains(path, ".mdlife-new-") {
			t.Errorf("left behind: %s", path)
		}
	}
	if faketree.Read(t, disk, "a.c") != "a\n" || exists(disk, "sub/big.c") {
		t.Error("a part of the patch was installed")
	}
}

func TestPruneKeepsWhatIsUsed(t *testing.T) {
	s := store{t.TempDir()}
	for i := range keepKernels + 3 {
		key := "k" + string(rune('a'+i))
		r, err := s.put(Result{Key: key}, fillWith(key))
		if err != nil {
			t.Fatal(err)
		}
		age := time.Now().Add(-keepFor - time.Duration(i+1)*time.Hour)
		if err := os.Chtimes(r.Dir, age, age); err != nil {
			t.Fatal(err)
		}
	}
	s.find("k" + string(rune('a'+keepKernels+2))) // the oldest is used again
	s.prune()
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) != keepKernels {
		t.Errorf("%d kernels kept, want %d (%v)", len(entries), keepKernels, err)
	}
	if _, ok := s.find("k" + string(rune('a'+keepKernels+2))); !ok {
		t.Error("a kernel that was just used is gone")
	}
}
