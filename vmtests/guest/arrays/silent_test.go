// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSilent: each silent fault shows in the pattern as just what it is.
func TestSilent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, make([]byte, 64*blockSize), 0o600); err != nil {
		t.Fatal(err)
	}
	var p pattern
	if err := p.write(file); err != nil {
		t.Fatalf("the directory for tests takes no O_DIRECT: %v", err)
	}
	at := func(n uint64) place { return place{node: file, offset: int64(n) * blockSize} }
	s := scene{block: 3, other: 20, at: at(3), elsewhere: at(20)}
	for _, f := range silentFaults[:3] {
		if err := p.write(file); err != nil {
			t.Fatal(err)
		}
		var err error
		if s.before, err = s.at.read(); err != nil {
			t.Fatal(err)
		}
		if err := p.write(file); err != nil {
			t.Fatal(err)
		}
		s.p = p
		if err := f.harm(&s); err != nil {
			t.Fatal(err)
		}
		got, err := p.wrong(file)
		want := f.wrong(&s)
		if err != nil || len(got) != len(want) || got[s.block] != want[s.block] || got[s.other] != want[s.other] {
			t.Errorf("%s: %v instead of %v (%v)", f.name, got, want, err)
		}
	}
}
