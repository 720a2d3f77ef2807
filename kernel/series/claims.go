// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Claims says from which patch on each test passes.
type Claims map[string]int // by the test's name; 0: on the unpatched kernel as well

// LoadClaims reads the file claims of a patch directory: lines of a patch's
// number and names of tests that pass from that patch on; 0 stands for the
// unpatched kernel, and # begins a comment. Without the file nothing is claimed.
func LoadClaims(patchDir string) (Claims, error) {
	file := filepath.Join(patchDir, "claims")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Claims{}, nil
	}
	if err != nil {
		return nil, err
	}
	claims := Claims{}
	for i, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		from, err := strconv.Atoi(fields[0])
		if err != nil || from < 0 || len(fields) < 2 {
			return nil, fmt.Errorf("%s:%d: %q is not a patch's number and names of tests", file, i+1, strings.TrimSpace(line))
		}
		for _, test := range fields[1:] {
			if _, twice := claims[test]; twice {
				return nil, fmt.Errorf("%s:%d: %s is there twice", file, i+1, test)
			}
			claims[test] = from
		}
	}
	return claims, nil
}

// Upto lists the tests that pass with the first n patches, in order.
func (c Claims) Upto(n int) []string {
	var tests []string
	for test, from := range c {
		if from <= n {
			tests = append(tests, test)
		}
	}
	slices.Sort(tests)
	return tests
}

// GroundTests lists the tests that a part's needed parts claim, in order: they pass before its
// first patch.
func (p Part) GroundTests() ([]string, error) {
	var tests []string
	for _, needed := range p.Needs {
		claims, err := LoadClaims(needed.Dir)
		if err != nil {
			return nil, err
		}
		for test := range claims {
			tests = append(tests, test)
		}
	}
	slices.Sort(tests)
	return slices.Compact(tests), nil
}
