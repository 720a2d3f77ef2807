// SPDX-License-Identifier: BSD-3-Clause

package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/vmtests/guest/array"
)

// TestStamped: all that was written, in turn and at random, is there; a block that is from
// another place, from another writing, or changed is found.
func TestStamped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	const size = 4*parityWrite + 4096
	if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := array.OpenDirect(file, os.O_RDWR)
	if err != nil {
		t.Fatalf("the directory for tests takes no O_DIRECT: %v", err)
	}
	defer f.Close()
	s := stamped{f: f}
	s.prepare(size)
	if s.size != 4*parityWrite {
		t.Fatalf("%d bytes of %d are used", s.size, size)
	}
	if err := array.Steps(s.write, s.verify, s.writeRandomly, s.verify, s.write); err != nil {
		t.Fatal(err)
	}
	const at = 5 * array.BlockSize
	good := make([]byte, array.BlockSize)
	if _, err := readAt(file, good, at); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func([]byte){
		"place":   func(b []byte) { b[1] ^= 1 },
		"writing": func(b []byte) { b[8] ^= 1 },
		"content": func(b []byte) { b[4000] ^= 1 },
	} {
		bad := append([]byte(nil), good...)
		spoil(bad)
		writeAt(t, file, bad, at)
		if err := s.verify(); err == nil || !strings.Contains(err.Error(), "the block at byte 20480 is not what was written") {
			t.Errorf("%s: %v", name, err)
		}
		writeAt(t, file, good, at)
	}
	if err := s.verify(); err != nil {
		t.Error(err)
	}
}

func readAt(file string, buf []byte, at int64) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(buf, at)
}

func writeAt(t *testing.T, file string, buf []byte, at int64) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(buf, at); err != nil {
		t.Fatal(err)
	}
}
