// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// NeedsFile is the file in a part's folder that names the parts on whose end it applies, one a
// line; # begins a comment. A part without it applies alone. It is no matter of the base's
// series file, where others than mdlife expect one name a line.
const NeedsFile = "needs"

// readNeeds returns what a part needs, and what that needs, in the order of the parts before
// it. Only they can be needed: the parts apply one after the other as well.
func readNeeds(p Part, before []Part, seriesFile string) ([]Part, error) {
	file := filepath.Join(p.Dir, NeedsFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var needed []string
	for i, l := range strings.Split(string(text), "\n") {
		l, _, _ = strings.Cut(l, "#")
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		at := slices.IndexFunc(before, func(b Part) bool { return b.Name == l })
		if at < 0 {
			return nil, fmt.Errorf("%s:%d: %q is no part that comes before %s in %s: name one, or move it up there", file, i+1, l, p.Name, seriesFile)
		}
		needed = append(needed, l)
		needed = append(needed, namesOf(before[at].Needs)...)
	}
	if len(needed) == 0 {
		return nil, fmt.Errorf("%s names no part: remove it, and %s applies alone", file, p.Name)
	}
	return called(before, needed), nil
}

// Ground returns how many of the patches that [Names] lists come first, and are there only
// because one of the parts needs them.
func Ground(patchDir string, parts ...string) (int, error) {
	chosen, all, err := choose(patchDir, parts)
	if err != nil {
		return 0, err
	}
	patches := 0
	for _, p := range all {
		if p.Name == chosen[0].Name {
			break
		}
		listed, err := read(p.Dir)
		if err != nil {
			return 0, err
		}
		patches += len(listed)
	}
	return patches, nil
}

// Groups returns the parts that are called by names, or all of them, each together with those
// that it needs, that need it, and so on: these belong to the same source.
func Groups(patchDir string, names ...string) ([][]Part, error) {
	chosen, _, err := choose(patchDir, names)
	if err != nil {
		return nil, err
	}
	parts, err := allParts(patchDir)
	if err != nil {
		return nil, err
	}
	var groups [][]Part
	for _, p := range parts {
		joined := []Part{p}
		for _, needed := range p.Needs {
			i := slices.IndexFunc(groups, func(g []Part) bool { return slices.Contains(namesOf(g), needed.Name) })
			if i >= 0 {
				joined = append(groups[i], joined...)
				groups = slices.Delete(groups, i, i+1)
			}
		}
		groups = append(groups, called(parts, namesOf(joined)))
	}
	return slices.DeleteFunc(groups, func(g []Part) bool {
		return !slices.ContainsFunc(chosen, func(p Part) bool { return slices.Contains(namesOf(g), p.Name) })
	}), nil
}
