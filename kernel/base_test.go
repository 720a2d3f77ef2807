// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNearestBase(t *testing.T) {
	dir := t.TempDir()
	for makefile, want := range map[string]string{
		"VERSION = 5\nPATCHLEVEL = 15\n":                "6.1 5.15",
		"# SPDX\nVERSION = 6\nPATCHLEVEL = 6\nX = 1\n":  "6.1 6.6",
		"VERSION = 6\nPATCHLEVEL = 7\nSUBLEVEL = 12\n":  "6.12 6.7",
		"VERSION = 6\nPATCHLEVEL = 16\n":                "6.12 6.16",
		"VERSION = 6\nPATCHLEVEL = 18\n":                "mainline 6.18",
		"VERSION = 7\nPATCHLEVEL = 2\nEXTRAVERSION =\n": "mainline 7.2",
		"PATCHLEVEL = 2\n":                              "error",
		"VERSION = seven\nPATCHLEVEL = 2\n":             "error",
	} {
		if err := os.WriteFile(filepath.Join(dir, "Makefile"), []byte(makefile), 0o644); err != nil {
			t.Fatal(err)
		}
		base, version, err := NearestBase(dir)
		got := base.Name + " " + version
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s, want %s (%v)", makefile, got, want, err)
		}
	}
}
