// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRecord(t *testing.T) {
	file := RecordFile(t.TempDir())
	if keys, err := ReadRecord(file); keys != nil || err != nil {
		t.Errorf("no file: %v, %v", keys, err)
	}
	for range 2 {
		if err := WriteRecord(file, []string{"b-2", "a-1", "b-2"}); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := ReadRecord(file)
	if err != nil || !slices.Equal(keys, []string{"a-1", "b-2"}) {
		t.Errorf("%v, %v", keys, err)
	}
}

func TestBadRecordNamesTheLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "built")
	if err := os.WriteFile(file, []byte("# keys\n\na-1\n<<<<<<< HEAD\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ReadRecord(file)
	if err == nil || !strings.Contains(err.Error(), file+":4:") {
		t.Errorf("%v", err)
	}
}
