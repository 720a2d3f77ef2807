// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// failedHunk is git apply's message: the path and the hunk's old start line.
var failedHunk = regexp.MustCompile(`(?m)^error: patch failed: (.*):(\d+)$`)

// explain turns git's complaint about p into one that names file and hunk.
func (s Staged) explain(p Patch, files []*gitdiff.File, said string) error {
	var reasons []string
	for _, m := range failedHunk.FindAllStringSubmatch(said, -1) {
		start, _ := strconv.ParseInt(m[2], 10, 64)
		reasons = append(reasons, s.explainHunk(files, m[1], start))
	}
	if len(reasons) == 0 {
		said = strings.TrimSpace(strings.ReplaceAll(said, "error: ", ""))
		reasons = append(reasons, strings.ReplaceAll(said, "\n", "; "))
	}
	return ApplyError{Patch: p.Name, Why: strings.Join(reasons, "; ")}
}

// explainHunk describes the hunk of path that starts at line start of the old
// file, and where it first disagrees with what is there.
func (s Staged) explainHunk(files []*gitdiff.File, path string, start int64) string {
	for _, f := range files {
		if f.OldName != path && f.NewName != path {
			continue
		}
		for i, hunk := range f.TextFragments {
			if hunk.OldPosition == start {
				header := strings.TrimSpace(hunk.Header())
				return fmt.Sprintf("%s hunk %d (%s)%s", path, i+1, header, s.firstMismatch(path, hunk))
			}
		}
	}
	return fmt.Sprintf("%s line %d", path, start)
}

// firstMismatch compares a hunk's old lines with the file at the place that the
// hunk names. Git also looks elsewhere, but that place is where to start.
func (s Staged) firstMismatch(path string, hunk *gitdiff.TextFragment) string {
	text, err := os.ReadFile(filepath.Join(s.Dir, path))
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	at := int(hunk.OldPosition) - 1
	for _, want := range hunk.Lines {
		if !want.Old() {
			continue
		}
		if at < 0 || at >= len(lines) {
			return fmt.Sprintf(": the file has only %d lines", len(lines)-1)
		}
		if wanted := strings.TrimSuffix(want.Line, "\n"); lines[at] != wanted {
			return fmt.Sprintf(": line %d is %q, the patch wants %q", at+1, lines[at], wanted)
		}
		at++
	}
	return ": the lines do not match"
}
