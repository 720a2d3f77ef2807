// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pault.ag/go/debian/version"
)

// Versions lists the unpacked sources of an origin's package, the newest version
// first, as dpkg orders them.
func (c Cache) Versions(o Origin) ([]Source, error) {
	entries, err := os.ReadDir(filepath.Join(c.Dir, "src"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var all []Source
	parsed := map[string]version.Version{}
	for _, e := range entries {
		if ours, _ := filepath.Match(o.Package+"_*", e.Name()); !ours || !e.IsDir() {
			continue
		}
		src := c.debianSource(e.Name())
		if parsed[src.ID], err = version.Parse(src.Version); err != nil {
			return nil, fmt.Errorf("%s: %w", src.Dir, err)
		}
		all = append(all, src)
	}
	slices.SortFunc(all, func(a, b Source) int { return version.Compare(parsed[b.ID], parsed[a.ID]) })
	return all, nil
}

// KernelVersion reads VERSION and PATCHLEVEL in a tree's Makefile: [2]int{6, 18}.
func KernelVersion(tree string) ([2]int, error) {
	var found [2]int
	file := filepath.Join(tree, "Makefile")
	text, err := os.ReadFile(file)
	if err != nil {
		return found, err
	}
	for i, name := range []string{"VERSION", "PATCHLEVEL"} {
		if found[i], err = makeNumber(string(text), name); err != nil {
			return found, fmt.Errorf("%s: %w", file, err)
		}
	}
	return found, nil
}

// ReleaseTag returns the tag of the release that a tree's Makefile says it is, as upstream's
// repositories have it: v7.2, v7.2.13, v7.3-rc1.
func ReleaseTag(tree string) (string, error) {
	file := filepath.Join(tree, "Makefile")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var values [4]string
	for i, name := range []string{"VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION"} {
		if values[i], err = makeValue(string(text), name); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
	}
	tag := "v" + values[0] + "." + values[1]
	if values[2] != "0" {
		tag += "." + values[2]
	}
	return tag + values[3], nil
}

// makeNumber returns the value of a line "NAME = 6".
func makeNumber(makefile, name string) (int, error) {
	value, err := makeValue(makefile, name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(value)
}

// makeValue returns what a line "NAME = x" says.
func makeValue(makefile, name string) (string, error) {
	for line := range strings.Lines(makefile) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("no line %s =", name)
}
