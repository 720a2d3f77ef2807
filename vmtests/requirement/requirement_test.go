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

func TestShownBy(t *testing.T) {
	for _, c := range []struct {
		name, window string
		want         bool
	}{
		{"R5", "W3", true},
		{"R6", "W1", true},
		{"R5", "W2", false},
		{"R1", "W1", false},
		{"R99", "W1", false},
	} {
		t.Run(c.name+" "+c.window, func(t *testing.T) {
			if got := ShownBy(c.name, c.window); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}
