// SPDX-License-Identifier: BSD-3-Clause

package mdadm

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNodes: what comes and goes is seen at the next look, and only md block
// devices are.
func TestNodes(t *testing.T) {
	dir := t.TempDir()
	md0, md1 := filepath.Join(dir, "md0"), filepath.Join(dir, "md_one")
	mknod(t, md0)
	n, err := watchDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	see := func(want ...string) {
		t.Helper()
		if got := n.list(); !slices.Equal(got, want) {
			t.Errorf("%q instead of %q", got, want)
		}
	}
	see(md0)
	mknod(t, md1)
	mknod(t, filepath.Join(dir, "sda"))
	if err := os.Mkdir(filepath.Join(dir, "md"), 0o755); err != nil {
		t.Fatal(err)
	}
	see(md0, md1)
	if err := os.Remove(md0); err != nil {
		t.Fatal(err)
	}
	see(md1)
	see(md1)
	if err := os.Rename(md1, md0); err != nil {
		t.Fatal(err)
	}
	see(md0)
}

// TestNodesMissing: a directory that is not there is an error.
func TestNodesMissing(t *testing.T) {
	if _, err := watchDir(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error")
	}
}

func mknod(t *testing.T, path string) {
	t.Helper()
	err := unix.Mknod(path, unix.S_IFBLK|0o600, int(unix.Mkdev(9, 0)))
	if errors.Is(err, unix.EPERM) {
		t.Skip("making device nodes needs root")
	}
	if err != nil {
		t.Fatal(err)
	}
}
