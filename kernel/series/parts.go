// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"path/filepath"
	"slices"
	"strings"

	"mdlife/internal/usage"
)

// Part is a series within a base's, with a folder of its own: it applies alone, and
// has its own cover letter, claims and mutants.
type Part struct {
	Name string // as the base's series file has it; "" is a series that is not in parts
	Dir  string // its patch directory
}

// Names is what [Parts], [Names] and [Load] take for just this part.
func (p Part) Names() []string {
	if p.Name == "" {
		return nil
	}
	return []string{p.Name}
}

// MutantDir is where the part's mutants are.
func (p Part) MutantDir() string { return filepath.Join(p.Dir, "mutants") }

// Parts returns the parts of patchDir's series that are called by names, or all of
// them, in the order of the file, whatever the order of names. A series that lists
// patches is one part without a name.
func Parts(patchDir string, names ...string) ([]Part, error) {
	listed, err := read(patchDir)
	if err != nil {
		return nil, err
	}
	var parts []Part
	var known []string
	for _, l := range listed {
		if l.folder {
			parts = append(parts, Part{l.name, filepath.Join(patchDir, l.name)})
			known = append(known, l.name)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, unknownPart(patchDir, name, known)
		}
	}
	if len(names) > 0 {
		parts = slices.DeleteFunc(parts, func(p Part) bool { return !slices.Contains(names, p.Name) })
	} else if len(known) == 0 {
		parts = []Part{{Dir: patchDir}}
	}
	return parts, nil
}

// unknownPart says which parts there are.
func unknownPart(patchDir, name string, known []string) error {
	file := seriesFile(patchDir)
	if len(known) == 0 {
		return usage.Errorf("%s has no part %q, nor any other", file, name)
	}
	return usage.Errorf("%s has no part %q; there are %s", file, name, strings.Join(known, ", "))
}
