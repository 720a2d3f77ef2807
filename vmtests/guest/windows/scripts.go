// SPDX-License-Identifier: BSD-3-Clause

package windows

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

//go:embed scripts/*.txt
var scripts embed.FS

// textOf returns the script of a window.
func textOf(name string) ([]byte, error) { return scripts.ReadFile(path.Join("scripts", name+".txt")) }

// Names lists the scripts in the order of the windows' table.
func Names() []string {
	entries, err := fs.ReadDir(scripts, "scripts")
	if err != nil {
		panic(err) // the directory is embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".txt"))
	}
	slices.SortFunc(names, byNumber)
	return names
}

// byNumber puts W2b after W2 and W10 after W9.
func byNumber(a, b string) int {
	number := func(name string) (n int, rest string) {
		_, _ = fmt.Sscanf(name, "W%d", &n)
		return n, strings.TrimLeft(name, "W0123456789")
	}
	na, resta := number(a)
	nb, restb := number(b)
	if na != nb {
		return na - nb
	}
	return strings.Compare(resta, restb)
}

// choose returns all names for none and for [event.AllWindows].
func choose(names []string) ([]string, error) {
	all := Names()
	if len(names) == 0 || slices.Contains(names, event.AllWindows) {
		return all, nil
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("no window %s; there are %s", name, strings.Join(all, " "))
		}
	}
	return names, nil
}

// Check reports a name that no window has as an error.
func Check(names []string) error {
	_, err := choose(names)
	return err
}

// NeedsModule reports whether a window is skipped where md is built in.
func NeedsModule(name string) bool { return declares(name, "needs", "module") }

// spoils reports whether a script leaves an unpatched kernel unusable.
func spoils(name string) bool { return declares(name, "spoils") }

// declares reports whether a script has a line that begins with these words.
func declares(name string, words ...string) bool {
	text, err := textOf(name)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		got := strings.Fields(line)
		if len(got) >= len(words) && slices.Equal(got[:len(words)], words) {
			return true
		}
	}
	return false
}

// title is the text of a script's line "# W1: …".
func title(text []byte) string {
	for line := range strings.Lines(string(text)) {
		if _, title, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "# W") {
			return strings.TrimSpace(title)
		}
	}
	return ""
}
