// SPDX-License-Identifier: BSD-3-Clause

package rebase

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mdlife/internal/atomicfile"
	"mdlife/kernel/series"
)

// result compares the series before and after the rebase, makes sure that it
// now applies, and writes to patchDir what has changed.
func (r mergeRepo) result(ctx context.Context, patches series.Series, patchDir string) (Result, error) {
	names := patches.Names()
	before, err := r.patches(ctx, "old..before", names)
	if err != nil {
		return Result{}, err
	}
	after, err := r.patches(ctx, "new..series", names)
	if err != nil {
		return Result{}, err
	}
	done := Result{}
	if done.Onto, err = r.line(ctx, "config", "mdlife.onto"); err != nil {
		return Result{}, err
	}
	var now, changed series.Series
	for _, p := range patches {
		text := after[p.Name]
		fate := fateOf(before[p.Name], text)
		done.Patches = append(done.Patches, Patch{p.Name, fate})
		if marker.MatchString(text) {
			return Result{}, fmt.Errorf("patch %s adds conflict markers; mend its commit in %s", p.Name, r.dir)
		}
		if fate != FateSame {
			p.Text = []byte(text)
			changed = append(changed, p)
		}
		if fate != FateGone {
			now = append(now, p)
		}
	}
	if err := r.try(ctx, now); err != nil {
		return Result{}, fmt.Errorf("the merged series in %s: %w", r.dir, err)
	}
	return done, writeTo(patchDir, changed)
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
func (r mergeRepo) try(ctx context.Context, patches series.Series) error {
	tmp, err := os.MkdirTemp("", "mdlife-series-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if _, err := r.git(ctx, "clone", "--quiet", "--shared", "--branch", "new", ".", tmp); err != nil {
		return err
	}
	st, err := patches.Stage(ctx, tmp)
	if err != nil {
		return err
	}
	return st.Remove()
}

// writeTo replaces patches of patchDir's series; those without a text go.
func writeTo(patchDir string, changed series.Series) error {
	tmp, err := os.MkdirTemp("", "mdlife-series-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	st := series.Staged{Dir: tmp}
	var gone []string
	for _, p := range changed {
		st.Touched = append(st.Touched, p.Name)
		if len(p.Text) == 0 {
			gone = append(gone, p.Name)
			continue
		}
		if err := atomicfile.WriteBytes(filepath.Join(tmp, p.Name), p.Text); err != nil {
			return err
		}
	}
	for _, dir := range dirsOf(gone) {
		list := filepath.Join(dir, "series")
		text, err := os.ReadFile(filepath.Join(patchDir, list))
		if err != nil {
			return err
		}
		st.Touched = append(st.Touched, list)
		if err := atomicfile.WriteBytes(filepath.Join(tmp, list), []byte(withoutLines(string(text), dir, gone))); err != nil {
			return err
		}
	}
	return st.Install(patchDir)
}

// dirsOf lists the folders of files, each once.
func dirsOf(names []string) (dirs []string) {
	for _, name := range names {
		if dir := filepath.Dir(name); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// withoutLines takes patches out of the text of the series file in dir.
func withoutLines(text, dir string, names []string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		listed, _, _ := strings.Cut(line, "#")
		if fields := strings.Fields(listed); len(fields) == 0 || !slices.Contains(names, filepath.Join(dir, fields[0])) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
