// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"slices"
	"strings"
	"testing"

	"mdlife/kernel/internal/faketree"
)

func TestNames(t *testing.T) {
	dir := faketree.PatchDir(t, []string{"0001-a.patch  # why", "  0002-b.patch -p1"}, map[string]string{"0001-a.patch": "x", "0002-b.patch": "y"})
	got, err := Names(dir)
	if err != nil || !slices.Equal(got, []string{"0001-a.patch", "0002-b.patch"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := Names(faketree.PatchDir(t, nil, nil)); err != nil || len(got) != 0 {
		t.Errorf("empty series: %v, %v", got, err)
	}
}

func TestNamesErrors(t *testing.T) {
	for text, want := range map[string]string{
		"missing.patch\n":   "series:1:",
		"\na.patch -p0\n":   "series:2:",
		"../other.patch\n":  "outside of the patch directory",
		"a.patch b.patch\n": "only -p1 patches, one a line",
	} {
		dir := t.TempDir()
		faketree.Write(t, dir, map[string]string{"series": text, "a.patch": "x"})
		if _, err := Names(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("series %q: got %v, want %q", text, err, want)
		}
	}
	if _, err := Names(t.TempDir()); err == nil || !strings.Contains(err.Error(), "series") {
		t.Errorf("no series file: %v", err)
	}
}
