// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// NearestBase returns the base that a kernel tree is best compared with, and the
// tree's version, "6.18", from VERSION and PATCHLEVEL in its Makefile.
func NearestBase(tree string) (Base, string, error) {
	file := filepath.Join(tree, "Makefile")
	text, err := os.ReadFile(file)
	if err != nil {
		return Base{}, "", err
	}
	var version [2]int
	for i, name := range []string{"VERSION", "PATCHLEVEL"} {
		if version[i], err = makeNumber(string(text), name); err != nil {
			return Base{}, "", fmt.Errorf("%s: %w", file, err)
		}
	}
	nearest := bases[0]
	for _, b := range bases[1:] {
		if slices.Compare(version[:], b.Since[:]) >= 0 {
			nearest = b
		}
	}
	return nearest, fmt.Sprintf("%d.%d", version[0], version[1]), nil
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
