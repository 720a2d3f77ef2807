// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestClaims(t *testing.T) {
	dir := t.TempDir()
	if c, err := LoadClaims(dir); err != nil || len(c.Upto(99)) != 0 {
		t.Errorf("no file: %v, %v", c, err)
	}
	claim(t, dir, "# when\n0 R1 R3\n2 R14 # kept\n\n0 R2\n")
	c, err := LoadClaims(dir)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int][]string{0: {"R1", "R2", "R3"}, 1: {"R1", "R2", "R3"}, 2: {"R1", "R14", "R2", "R3"}} {
		if got := c.Upto(n); !slices.Equal(got, want) {
			t.Errorf("%d patches: %v instead of %v", n, got, want)
		}
	}
	for _, bad := range []string{"R1 0\n", "1\n", "-1 R1\n", "0 R1\n1 R1\n"} {
		claim(t, dir, bad)
		if _, err := LoadClaims(dir); err == nil || !strings.Contains(err.Error(), "claims:") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func claim(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "claims"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
