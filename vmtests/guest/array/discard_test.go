// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVerifyAround: what is in a hole may be zero, or must be where zeros were written; a sector beside
// it that has changed is told, and so is one in it that is neither.
func TestVerifyAround(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, make([]byte, 64*BlockSize), 0o600); err != nil {
		t.Fatal(err)
	}
	const at = 3*BlockSize + sectorSize // sectors 1 and 2 of block 3
	for _, c := range []struct {
		name  string
		holes []Hole
		zero  int64 // from where two sectors are zero, -1 for nowhere
		spoil int64 // where a byte is changed, -1 for nowhere
		want  string
	}{
		{"nothing", nil, -1, -1, ""},
		{"discarded", []Hole{{at, at + 1024, false}}, at, -1, ""},
		{"discarded, and still there", []Hole{{at, at + 1024, false}}, -1, -1, ""},
		{"zeroed", []Hole{{at, at + 1024, true}}, at, -1, ""},
		{"not zeroed", []Hole{{at, at + 1024, true}}, -1, -1, "sector 1 of block 3 is not zero"},
		{"one too far", []Hole{{at, at + 512, false}}, at, -1, "sector 2 of block 3 is zero, though it was in no hole"},
		{"no hole", nil, at, -1, "sector 1 of block 3 is zero, though it was in no hole"},
		{"changed beside it", []Hole{{at, at + 1024, true}}, at, at + 1030, "sector 3 of block 3 is changed"},
		{"changed in it", []Hole{{at, at + 1024, false}}, at, at + 10, "sector 1 of block 3 is neither"},
	} {
		a := Array{Device: filepath.Base(file), host: fileHost{dir: filepath.Dir(file)}}
		if err := a.Write(); err != nil {
			t.Fatalf("the directory for tests takes no O_DIRECT: %v", err)
		}
		if c.zero >= 0 {
			overwrite(t, file, c.zero, make([]byte, 1024))
		}
		if c.spoil >= 0 {
			overwrite(t, file, c.spoil, []byte{0xff})
		}
		err := a.VerifyAround(c.holes)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// fileHost has the files of a folder as devices.
type fileHost struct {
	kernel
	dir string
}

func (h fileHost) Exists(string) bool        { return true }
func (h fileHost) Node(device string) string { return filepath.Join(h.dir, device) }

func overwrite(t *testing.T, file string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(with, at); err != nil {
		t.Fatal(err)
	}
}
