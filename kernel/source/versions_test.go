// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"strings"
	"testing"

	"mdlife/kernel/internal/faketree"
)

func TestReleaseTag(t *testing.T) {
	for makefile, want := range map[string]string{
		"VERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 13\nEXTRAVERSION =\n":     "v7.2.13",
		"VERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 0\nEXTRAVERSION =\n":      "v7.2",
		"VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 0\nEXTRAVERSION = -rc1\n": "v7.3-rc1",
	} {
		dir := t.TempDir()
		faketree.Write(t, dir, map[string]string{"Makefile": makefile})
		if got, err := ReleaseTag(dir); got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %s", makefile, got, err, want)
		}
	}
	dir := t.TempDir()
	faketree.Write(t, dir, map[string]string{"Makefile": "VERSION = 7\nPATCHLEVEL = 3\n"})
	if _, err := ReleaseTag(dir); err == nil || !strings.Contains(err.Error(), "no line SUBLEVEL =") {
		t.Errorf("without a SUBLEVEL: %v", err)
	}
}
