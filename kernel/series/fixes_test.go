// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestFixes(t *testing.T) {
	const good = "Fixes: 3ea7daa5d7fd (\"md/raid10: add reshape support\")\n"
	for lines, want := range map[string]string{
		good: "", good + good: "",
		"fixes the rest\n": "none", // a sentence is no such line
		"Fixes: 3ea7daa5d7fd (\"md/raid10: add reshapes\")\n":               `the subject of 3ea7daa5d7fd is "md/raid10: add reshape support", and not "md/raid10: add reshapes"`,
		good + "Fixes: 123456789abc (\"md: x\")\n":                          "123456789abc is not verified",
		"Fixes: 3ea7daa5d (\"md/raid10: add reshape support\")\n":           "is not of the form",
		"fixes: 3ea7daa5d7fd (\"md/raid10: add reshape support\")\n":        "is not of the form",
		"Fixes: 3ea7daa5d7fd (md/raid10: add reshape support)\n":            "is not of the form",
		"Fixes: commit 3ea7daa5d7fd (\"md/raid10: add reshape support\")\n": "is not of the form",
	} {
		c := fixture(t, strings.Replace(mail("four", "FOUR", "x"), "A reason.\n", "A reason.\n\n"+lines, 1))
		rs, err := c.Fixes(t.Context())
		got := "none"
		if len(rs) == 1 {
			got = rs[0].Detail
		}
		if err != nil || got != want && (want == "" || !strings.Contains(got, want)) {
			t.Errorf("%q: %q, %v; want %q", lines, got, err, want)
		}
	}
}

// TestFixesInMessageOnly: what a patch adds to a file is no line of its message.
func TestFixesInMessageOnly(t *testing.T) {
	c := fixture(t, mail("four", "FOUR", "x")+"Fixes: nothing\n")
	if rs, err := c.Fixes(t.Context()); err != nil || len(rs) != 0 {
		t.Errorf("%+v, %v", rs, err)
	}
}

// TestCommitTable: the table's lines are of one form, sorted, and no commit is there twice.
func TestCommitTable(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{12} \S.*\S$`)
	var hashes []string
	for line := range strings.Lines(commitTable) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if !form.MatchString(line) {
			t.Errorf("%q", line)
		}
		hashes = append(hashes, line[:min(12, len(line))])
	}
	if !slices.IsSorted(hashes) || len(slices.Compact(slices.Clone(hashes))) != len(hashes) || len(hashes) != len(commits) {
		t.Errorf("the table is not sorted, or has a commit twice: %d lines, %d commits", len(hashes), len(commits))
	}
}
