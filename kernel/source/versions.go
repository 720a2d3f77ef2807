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

// makeNumber returns the value of a line "NAME = 6".
func makeNumber(makefile, name string) (int, error) {
	for line := range strings.Lines(makefile) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == name {
			return strconv.Atoi(strings.TrimSpace(value))
		}
	}
	return 0, fmt.Errorf("no line %s =", name)
}
