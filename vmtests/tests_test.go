// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"maps"
	"slices"
	"testing"

	"mdlife/kernel"
	"mdlife/tools/series"
	"mdlife/vmtests/mutant"
)

// TestNamesInThePatchesAreTests: a mutant or a claim that names no test would show
// only after the kernel is built.
func TestNamesInThePatchesAreTests(t *testing.T) {
	const root = ".."
	for _, base := range kernel.Bases() {
		mutants, err := mutant.Load(MutantDir(root, base))
		if err != nil || len(mutants) < 12 {
			t.Errorf("%s: %d mutants, %v", base.Name, len(mutants), err)
		}
		for _, m := range mutants {
			if err := (Tests{Names: m.Tests}).Check(); err != nil {
				t.Errorf("%s: mutant %s: %v", base.Name, m.Name, err)
			}
		}
		claims, err := series.LoadClaims(PatchDir(root, base))
		if err != nil {
			t.Errorf("%s: %v", base.Name, err)
		}
		if err := (Tests{Names: slices.Sorted(maps.Keys(claims))}).Check(); err != nil {
			t.Errorf("%s: claims: %v", base.Name, err)
		}
	}
}

func TestCheckNames(t *testing.T) {
	for name, good := range map[string]bool{
		"R": true, "R8": true, "R8-restart": true, "R17": true, "R23-nothing-comes-back": true, "mdadm": true,
		"mdadm-by-number": true, "race-ioctl": true, "window-W2b": true, "window-all": true,
		"R99": false, "R8-rester": false, "race-": false, "window-W99": false, "mdam": false,
	} {
		if err := (Tests{Names: []string{name}}).Check(); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
