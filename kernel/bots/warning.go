// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// warning is what a tool complains of.
type warning struct {
	File string // relative to the tree; "" if the tool names none
	Line string // "" if the tool names none; it does not count in comparisons
	Text string
}

// String is the warning as a person reads it.
func (w warning) String() string {
	switch {
	case w.File == "":
		return w.Text
	case w.Line == "":
		return w.File + ": " + w.Text
	}
	return fmt.Sprintf("%s:%s: %s", w.File, w.Line, w.Text)
}

// same reports whether two warnings are the same, wherever in the file.
func (w warning) same(o warning) bool { return w.File == o.File && w.Text == o.Text }

// onlyIn returns the warnings of after that are not in before as often, in order.
func onlyIn(after, before []warning) (fresh []warning) {
	before = slices.Clone(before)
	for _, w := range after {
		if i := slices.IndexFunc(before, w.same); i >= 0 {
			before = slices.Delete(before, i, i+1)
			continue
		}
		fresh = append(fresh, w)
	}
	return fresh
}

// once returns the warnings without those that are at the same line of the same file: a header
// has them in every object that includes it.
func once(ws []warning) (kept []warning) {
	for _, w := range ws {
		if w.File == "" || !slices.Contains(kept, w) {
			kept = append(kept, w)
		}
	}
	return kept
}

var (
	// compilerSays matches the lines of gcc, clang and sparse that name a place.
	compilerSays = regexp.MustCompile(`^(?:\.\.?/)*([^\s:]+):(\d+):(?:\d+:)? (warning: |error: |fatal error: |   )(.*)$`)
	// modpostSays matches what modpost complains of.
	modpostSays = regexp.MustCompile(`^(?:WARNING|ERROR|FATAL|error|warning): (?:modpost: )?(.*)$`)
	// offset is where in a function modpost has found something.
	offset = regexp.MustCompile(`\+0x[0-9a-f]+`)
)

// compilerWarnings reads what gcc, clang or sparse have printed. sparse says on lines of their own
// which types it expected and got.
func compilerWarnings(out string) (ws []warning) {
	for line := range strings.Lines(out) {
		m := compilerSays.FindStringSubmatch(strings.TrimRight(line, "\n"))
		switch {
		case m == nil:
		case m[3] != "   ":
			ws = append(ws, warning{m[1], m[2], m[3] + m[4]})
		case len(ws) > 0:
			ws[len(ws)-1].Text += ", " + strings.TrimSpace(m[4])
		}
	}
	return ws
}

// modpostWarnings reads what modpost has printed about modules.
func modpostWarnings(out string) (ws []warning) {
	for line := range strings.Lines(out) {
		if m := modpostSays.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			ws = append(ws, warning{Text: "modpost: " + offset.ReplaceAllString(m[1], "")})
		}
	}
	return ws
}
