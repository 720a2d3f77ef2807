// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"path/filepath"
	"slices"
	"strings"

	"mdlife/internal/usage"
)

// Part is a series within a base's, with a folder of its own: it applies alone, or on the
// end of the parts that it needs, and has its own cover letter, claims and mutants.
type Part struct {
	Name  string // as the base's series file has it; "" is a series that is not in parts
	Dir   string // its patch directory
	Needs []Part // the parts on whose end it applies, theirs among them, in order
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
// them, in the order of the file, whatever the order of names. What they need is not
// among them. A series that lists patches is one part without a name.
func Parts(patchDir string, names ...string) ([]Part, error) {
	chosen, _, err := choose(patchDir, names)
	return chosen, err
}

// choose returns the parts that are called by names, and those together with what they need.
func choose(patchDir string, names []string) (chosen, all []Part, err error) {
	parts, err := allParts(patchDir)
	if err != nil {
		return nil, nil, err
	}
	var known []string
	for _, p := range parts {
		known = append(known, p.Names()...)
	}
	wanted := slices.Clone(names)
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, nil, unknownPart(patchDir, name, known)
		}
		wanted = append(wanted, namesOf(parts[i].Needs)...)
	}
	if len(names) == 0 {
		return parts, parts, nil
	}
	return called(parts, names), called(parts, wanted), nil
}

// namesOf lists the names of parts.
func namesOf(parts []Part) (names []string) {
	for _, p := range parts {
		names = append(names, p.Name)
	}
	return names
}

// called returns the parts with these names, in their order.
func called(parts []Part, names []string) (found []Part) {
	for _, p := range parts {
		if slices.Contains(names, p.Name) {
			found = append(found, p)
		}
	}
	return found
}

// allParts returns the parts of patchDir's series, or the one without a name.
func allParts(patchDir string) ([]Part, error) {
	listed, err := read(patchDir)
	if err != nil {
		return nil, err
	}
	var parts []Part
	for _, l := range listed {
		if !l.folder {
			break // a series of patches
		}
		p := Part{Name: l.name, Dir: filepath.Join(patchDir, l.name)}
		if p.Needs, err = readNeeds(p, parts, seriesFile(patchDir)); err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return []Part{{Dir: patchDir}}, nil
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
