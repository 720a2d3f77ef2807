// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// result compares the series before and after the rebase, makes sure that it
// now applies, and writes to patchDir what has changed.
func (r mergeRepo) result(ctx context.Context, patches series, patchDir string) (Rebased, error) {
	names := patches.names()
	before, err := r.patches(ctx, "old..before", names)
	if err != nil {
		return Rebased{}, err
	}
	after, err := r.patches(ctx, "new..series", names)
	if err != nil {
		return Rebased{}, err
	}
	done := Rebased{}
	if done.Onto, err = r.line(ctx, "config", "mdlife.onto"); err != nil {
		return Rebased{}, err
	}
	var now, changed series
	for _, p := range patches {
		text := after[p.name]
		fate := fateOf(before[p.name], text)
		done.Patches = append(done.Patches, RebasedPatch{p.name, fate})
		if marker.MatchString(text) {
			return Rebased{}, fmt.Errorf("patch %s adds conflict markers; mend its commit in %s", p.name, r.dir)
		}
		if fate != FateSame {
			p.text = []byte(text)
			changed = append(changed, p)
		}
		if fate != FateGone {
			now = append(now, p)
		}
	}
	if err := r.try(ctx, now); err != nil {
		return Rebased{}, fmt.Errorf("the merged series in %s: %w", r.dir, err)
	}
	return done, changed.writeTo(patchDir)
}

// marker matches what git leaves at a conflict, in a patch that brings it in.
var marker = regexp.MustCompile(`(?m)^\+(<{7}|>{7}) `)

// What changes in a patch when the source changes elsewhere.
var (
	indexLine = regexp.MustCompile(`(?m)^index [0-9a-f]+\.\.[0-9a-f]+`)
	hunkLine  = regexp.MustCompile(`(?m)^@@ -\S+ \+\S+ @@.*$`)
)

// fateOf compares a patch with what became of it, "" if it went. The index line,
// which names a file's whole content, does not make it another patch.
func fateOf(before, after string) string {
	if after == "" {
		return FateGone
	}
	before, after = indexLine.ReplaceAllString(before, ""), indexLine.ReplaceAllString(after, "")
	if before == after {
		return FateSame
	}
	if hunkLine.ReplaceAllString(before, "") == hunkLine.ReplaceAllString(after, "") {
		return FateMoved
	}
	return FateMerged
}

// try applies the series to the new source's files.
func (r mergeRepo) try(ctx context.Context, patches series) error {
	tmp, err := os.MkdirTemp("", "mdlife-series-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if _, err := r.git(ctx, "clone", "--quiet", "--shared", "--branch", "new", ".", tmp); err != nil {
		return err
	}
	st, err := patches.stage(ctx, tmp)
	if err != nil {
		return err
	}
	return st.remove()
}

// writeTo replaces patches of patchDir's series; those without a text go.
func (s series) writeTo(patchDir string) error {
	tmp, err := os.MkdirTemp("", "mdlife-series-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	st := staged{dir: tmp}
	var gone []string
	for _, p := range s {
		st.touched = append(st.touched, p.name)
		if len(p.text) == 0 {
			gone = append(gone, p.name)
			continue
		}
		if err := writeWhole(filepath.Join(tmp, p.name), p.text); err != nil {
			return err
		}
	}
	if len(gone) > 0 {
		text, err := os.ReadFile(filepath.Join(patchDir, "series"))
		if err != nil {
			return err
		}
		st.touched = append(st.touched, "series")
		if err := writeWhole(filepath.Join(tmp, "series"), []byte(withoutLines(string(text), gone))); err != nil {
			return err
		}
	}
	return st.install(patchDir)
}

// withoutLines takes patches out of the text of a series file.
func withoutLines(text string, names []string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		listed, _, _ := strings.Cut(line, "#")
		if fields := strings.Fields(listed); len(fields) == 0 || !slices.Contains(names, fields[0]) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
