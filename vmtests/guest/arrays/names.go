// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// choose returns the test cases of these names: those of a test case, a personality ("raid10"
// is all of its layouts), or "all". A name that chooses none is a mistake.
func choose(names []string) ([]testCase, error) {
	all := testCases()
	chosen := map[string]bool{}
	for _, want := range names {
		found := false
		for _, c := range all {
			if c.fits(want) {
				chosen[c.name], found = true, true
			}
		}
		if !found {
			return nil, unknown(want)
		}
	}
	return slices.DeleteFunc(all, func(c testCase) bool { return !chosen[c.name] }), nil
}

// fits reports whether a name is the test case's, its personality's, or "all".
func (c testCase) fits(want string) bool {
	p := c.personality
	return want == event.AllCells || want == c.name || want == p.Name || want+"-"+p.Variant() == p.Name
}

// unknown returns the error for a name that chooses none: it lists the names there are.
func unknown(want string) error {
	personality, name, isCase := strings.Cut(want, "/")
	if isCase && name == "" {
		return fmt.Errorf("%s names no scenario: want %s for all of them, or for example %slife-1.2", want, personality, want)
	}
	var its, personalities []string
	for _, c := range testCases() {
		if c.personality.Name == personality {
			its = append(its, c.scenario.name)
		}
		personalities = append(personalities, c.personality.Name)
	}
	if isCase && len(its) > 0 {
		return fmt.Errorf("%s has no test case %s; there are %s", personality, name, strings.Join(its, ", "))
	}
	return fmt.Errorf("no personality or test case is called %s; personalities are %s", want, strings.Join(slices.Compact(personalities), ", "))
}

// Names returns the personalities, and in alphabetical order the scenarios.
func Names() (personalities, scenarios []string) {
	for _, c := range testCases() {
		if !slices.Contains(personalities, c.personality.Name) {
			personalities = append(personalities, c.personality.Name)
		}
		scenarios = append(scenarios, c.scenario.name)
	}
	slices.Sort(scenarios)
	return personalities, slices.Compact(scenarios)
}

// Check returns an error that says in one line which name chooses no test case.
func Check(names ...string) error {
	_, err := choose(names)
	return err
}
