// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMakeExt4 unpacks the file system into a file and looks for ext4's magic
// number (EXT4_SUPER_MAGIC at 0x438).
func TestMakeExt4(t *testing.T) {
	path := filepath.Join(t.TempDir(), "img")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := &disk{name: "md0"}
	if err := d.makeExt4(int(f.Fd())); err != nil {
		t.Fatal(err)
	}
	img, err := os.ReadFile(path)
	if err != nil || len(img) != 1<<20 || img[0x438] != 0x53 || img[0x439] != 0xef {
		t.Errorf("%d bytes, %v: not the file system", len(img), err)
	}
	r, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := d.makeExt4(int(r.Fd())); err == nil || !strings.Contains(err.Error(), unix.ENOSPC.Error()) {
		t.Errorf("a full device: %v", err)
	}
}
