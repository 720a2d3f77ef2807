// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"os"
	"path/filepath"
	"testing"

	"mdlife/vmtests/guest/array"
)

// TestSilentFaults: each silent fault shows in the pattern as just what it is.
func TestSilentFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, make([]byte, 64*array.BlockSize), 0o600); err != nil {
		t.Fatal(err)
	}
	var p array.Pattern
	if err := p.Write(file); err != nil {
		t.Fatalf("the directory for tests takes no O_DIRECT: %v", err)
	}
	at := func(n uint64) array.Place { return array.Place{Node: file, Offset: int64(n) * array.BlockSize} }
	s := scene{data: &p, block: 3, other: 20, at: at(3), elsewhere: at(20)}
	for _, f := range silentFaults[:3] {
		if err := p.Write(file); err != nil {
			t.Fatal(err)
		}
		var err error
		if s.before, err = s.at.Read(); err != nil {
			t.Fatal(err)
		}
		if err := p.Write(file); err != nil {
			t.Fatal(err)
		}
		if err := f.corrupt(&s); err != nil {
			t.Fatal(err)
		}
		got, err := p.Damage(file)
		want := f.wrong(&s)
		if err != nil || len(got) != len(want) || got[s.block] != want[s.block] || got[s.other] != want[s.other] {
			t.Errorf("%s: %v instead of %v (%v)", f.name, got, want, err)
		}
	}
}
