// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestParsers: what the tools have printed, in testdata/said, is read as the file beside it says, a
// line for each warning.
func TestParsers(t *testing.T) {
	parsers := map[string]func(string) []warning{
		"gcc": compilerWarnings, "clang": compilerWarnings, "sparse": compilerWarnings, "modpost": modpostWarnings, "spatch": scriptWarnings,
		"codespell": func(out string) []warning { return spellingWarnings(out, "message") },
	}
	for name, parse := range parsers {
		printed, err := os.ReadFile(filepath.Join("testdata/said", name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("testdata/said", name+".want"))
		if err != nil {
			t.Fatal(err)
		}
		if got := listed(parse(string(printed))); got != strings.TrimSpace(string(want)) {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
		if got := parse("  CC [M]  drivers/md/md-linear.o\nand more: of no interest\n"); len(got) != 0 {
			t.Errorf("%s reads %v in what is no warning", name, got)
		}
	}
}

// TestOnlyNewWarningsCount: a warning that has moved is not new, a second one of its kind is.
func TestOnlyNewWarningsCount(t *testing.T) {
	before := []warning{{"a.c", "1", "warning: x"}, {"b.c", "1", "warning: x"}}
	after := []warning{{"a.c", "7", "warning: x"}, {"a.c", "9", "warning: x"}, {"c.c", "1", "warning: x"}, {"b.c", "1", "warning: y"}}
	if got := listed(onlyIn(after, before)); got != "a.c:9: warning: x\nc.c:1: warning: x\nb.c:1: warning: y" {
		t.Errorf("%s", got)
	}
}

// TestHeadersWarnOnce: a header's warning counts once, however many objects include it.
func TestHeadersWarnOnce(t *testing.T) {
	h, c := warning{"md.h", "3", "warning: x"}, warning{"md.h", "4", "warning: x"}
	if got := once([]warning{h, c, h}); len(got) != 2 {
		t.Errorf("%v", got)
	}
}
