// SPDX-License-Identifier: BSD-3-Clause

package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWriteMakesTheDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "f")
	defer syscall.Umask(syscall.Umask(0o077)) // the mode does not depend on it
	if err := Write(path, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	st, _ := os.Stat(path)
	if err != nil || string(b) != "new" || st.Mode().Perm() != 0o644 {
		t.Errorf("%q %v %v", b, err, st.Mode())
	}
}

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return boom
	})
	b, _ := os.ReadFile(path)
	left, _ := os.ReadDir(dir)
	if !errors.Is(err, boom) || string(b) != "old" || len(left) != 1 {
		t.Errorf("error %v, file %q, directory %v", err, b, left)
	}
}
