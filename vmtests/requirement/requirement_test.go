// SPDX-License-Identifier: BSD-3-Clause

package requirement

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestDocsListEveryRequirement: tests' names begin with one that a reader looks up in
// docs/requirements.md, which lists these and no others.
func TestDocsListEveryRequirement(t *testing.T) {
	docs, err := os.ReadFile("../../docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, known []string
	for _, row := range regexp.MustCompile(`(?m)^\| (R\d+) \| `).FindAllStringSubmatch(string(docs), -1) {
		listed = append(listed, row[1])
	}
	for _, r := range All() {
		known = append(known, r.Name)
	}
	if !slices.Equal(listed, known) {
		t.Errorf("docs/requirements.md lists %v, and this package %v", listed, known)
	}
}

// TestRequirementsAreWhole: there is no gap in the numbers, and each has a title.
func TestRequirementsAreWhole(t *testing.T) {
	for i, r := range All() {
		if r.Name != fmt.Sprint("R", i+1) || r.Title == "" {
			t.Errorf("number %d is %+v", i+1, r)
		}
	}
}

// TestWindowsOfRequirements: which windows show a requirement is decided on purpose.
func TestWindowsOfRequirements(t *testing.T) {
	want := map[string][]string{
		"R2":  {"W14"},
		"R4":  {"W18"},
		"R5":  {"W1", "W3", "W3b"},
		"R6":  {"W1", "W2", "W2b", "W2c", "W2d"},
		"R7":  {"W4", "W4b", "W5"},
		"R8":  {"W5b", "W15"},
		"R17": {"W7", "W8"},
		"R18": {"W5c", "W6", "W6b", "W9", "W9b"},
		"R20": {"W5d", "W13"},
		"R21": {"W10", "W1s", "W2s", "W3s", "W3t", "W5s", "W6s", "W9s"},
		"R23": {"W11", "W16", "W17"},
	}
	for _, r := range All() {
		if !slices.Equal(r.Windows, want[r.Name]) {
			t.Errorf("%s is shown by the windows %v instead of %v", r.Name, r.Windows, want[r.Name])
		}
	}
}

func TestShownBy(t *testing.T) {
	for _, c := range []struct {
		name, window string
		want         bool
	}{
		{"R5", "W3", true},
		{"R6", "W1", true},
		{"R5", "W2", false},
		{"R1", "W1", false},
		{"R0", "W1", false},
	} {
		t.Run(c.name+" "+c.window, func(t *testing.T) {
			if got := ShownBy(c.name, c.window); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}
