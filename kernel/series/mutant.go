// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Mutant is a patch on top of the series that takes one mechanism out; its message
// says which tests must notice that:
//
//	Subject: mutant: what is taken out
//
//	Requirement: R6
//	Tests: race-ioctl R23-nothing-comes-back
//
// Tests are names of checks or beginnings of such ("R15" is all of that
// requirement), "race-NAME" for a race of the comparison, "window-W1" for a forced
// window and "mdadm" or "mdadm-by-number" for the loop of the real client.
//
// A line "Variant: modular" asks for another kernel than the patched one.
type Mutant struct {
	Name        string   // of the file, without number and .patch
	Path        string   // of the file
	Subject     string   // what it takes out
	Requirement string   // that it breaks: "R6"
	Tests       []string // that must notice
	Variant     string   // of the kernel to put it on: "patched" unless it says otherwise
}

// MutantsOf reads the mutants of all these parts, of which no two may have one name.
func MutantsOf(parts []Part) ([]Mutant, error) {
	var all []Mutant
	paths := map[string]string{}
	for _, p := range parts {
		its, err := LoadMutants(p.MutantDir())
		if err != nil {
			return nil, err
		}
		for _, m := range its {
			if other, twice := paths[m.Name]; twice {
				return nil, fmt.Errorf("%s and %s have one name; rename one", other, m.Path)
			}
			paths[m.Name] = m.Path
		}
		all = append(all, its...)
	}
	return all, nil
}

// LoadMutants reads all mutants of a directory, in the order of their names. A
// directory that is not there holds none.
func LoadMutants(dir string) ([]Mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, err
	}
	var all []Mutant
	for _, f := range files {
		m, err := readMutant(f)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

var (
	mutantNumber  = regexp.MustCompile(`^[0-9]+-`)
	mutantSubject = regexp.MustCompile(`(?m)^Subject: (?:\[[^]]*\] )?mutant: (.+)$`)
	mutantField   = regexp.MustCompile(`(?m)^(Requirement|Tests|Variant): (.+)$`)
)

// readMutant parses the head of a mutant's patch.
func readMutant(path string) (Mutant, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Mutant{}, err
	}
	head := string(text)
	if i := gitStyle.FindStringIndex(head); i != nil {
		head = head[:i[0]]
	} else {
		return Mutant{}, fmt.Errorf("%s: holds no diff", path)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".patch")
	m := Mutant{Name: mutantNumber.ReplaceAllString(name, ""), Path: path, Variant: "patched"}
	if s := mutantSubject.FindStringSubmatch(head); s != nil {
		m.Subject = s[1]
	}
	for _, f := range mutantField.FindAllStringSubmatch(head, -1) {
		switch value := strings.TrimSpace(f[2]); f[1] {
		case "Tests":
			m.Tests = append(m.Tests, strings.Fields(value)...)
		case "Variant":
			m.Variant = value
		default:
			m.Requirement = value
		}
	}
	if m.Subject == "" || m.Requirement == "" || len(m.Tests) == 0 {
		return m, fmt.Errorf("%s: wants the lines \"Subject: mutant: …\", \"Requirement: …\" and \"Tests: …\" before its diff", path)
	}
	return m, nil
}
