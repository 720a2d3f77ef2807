// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongCodeIsNotMeasured: what could not be checked is no mistake, what failed is.
func TestWrongCodeIsNotMeasured(t *testing.T) {
	good := []CheckResult{{Name: "native", OK: true}, {Name: "arm64", Missing: "no compiler"}}
	if err := firstWrong(good); err != nil {
		t.Error(err)
	}
	err := firstWrong(append(good, CheckResult{Name: "control", Summary: "a wrong bit was not found"}))
	if err == nil || !strings.Contains(err.Error(), "control: a wrong bit") {
		t.Errorf("%v", err)
	}
}

func TestCheckQuiet(t *testing.T) {
	quiet := &Report{Cells: []CellResult{{Cell: Whole.cells()[0]}}}
	restless := &Report{Cells: []CellResult{{Cell: Whole.cells()[1], Void: true}}}
	if err := CheckQuiet([]*Report{quiet, quiet}); err != nil {
		t.Error(err)
	}
	if err := CheckQuiet([]*Report{quiet, restless}); err == nil || !strings.Contains(err.Error(), Whole.cells()[1].String()) {
		t.Errorf("%v, want the cell that is void", err)
	}
}

func TestWriteFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out", "raid6-6.1")
	if err := WriteFiles(path, []*Report{{Reference: "avx2x2"}}); err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(path + ".html")
	if _, txt := os.Stat(path + ".txt"); err != nil || txt != nil || !strings.Contains(string(html), "avx2x2") {
		t.Errorf("%v, %v, %.200s", err, txt, html)
	}
}
