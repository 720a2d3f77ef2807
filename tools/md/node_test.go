// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// needNodes skips where this user cannot make device nodes.
func needNodes(t *testing.T) {
	t.Helper()
	err := Mknod(filepath.Join(t.TempDir(), "node"), 1, 0)
	if errors.Is(err, unix.EPERM) {
		t.Skip("only root makes device nodes")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPrivateNode: it is there with its number until it is removed, and nothing is left.
func TestPrivateNode(t *testing.T) {
	needNodes(t)
	node, remove, err := PrivateNode(Major, 1234)
	if err != nil {
		t.Fatal(err)
	}
	if major, minor, err := NumberOf(node); err != nil || major != Major || minor != 1234 {
		t.Errorf("%s has the number %d:%d (%v)", node, major, minor, err)
	}
	remove()
	if _, err := os.Stat(filepath.Dir(node)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("once removed, the directory of %s: %v", node, err)
	}
}

// TestNodes: two numbers do not share a node, and one can be made again.
func TestNodes(t *testing.T) {
	needNodes(t)
	nodes, err := NewNodes()
	if err != nil {
		t.Fatal(err)
	}
	defer nodes.Remove()
	seen := map[string]bool{}
	for _, minor := range []uint32{1, 11, 1} {
		path, err := nodes.Make(Major, minor)
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := NumberOf(path); err != nil || got != minor {
			t.Errorf("%s has the minor %d, want %d (%v)", path, got, minor, err)
		}
		seen[path] = true
	}
	if len(seen) != 2 {
		t.Errorf("two numbers have the nodes %v", seen)
	}
}

// TestClaimed: what cannot be opened at all is not claimed. Disks that are claimed and
// disks that are not are in a guest only; there the checks choose their members by it.
func TestClaimed(t *testing.T) {
	for _, node := range []string{"/no/such/disk", "/dev/null"} {
		if Claimed(node) {
			t.Errorf("%s is claimed", node)
		}
	}
}

func TestNumberOfNamesThePath(t *testing.T) {
	for _, path := range []string{"/no/such/disk", "/dev/null"} {
		if _, _, err := NumberOf(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
