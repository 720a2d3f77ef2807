// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mdlife/kernel"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/arrays"
	"mdlife/vmtests/guest/checks"
	"mdlife/vmtests/guest/windows"
	"mdlife/vmtests/verdict"
)

// Tests says which tests to run and how hard.
type Tests struct {
	// Names are names of checks or their beginnings ("R15" is all checks of that
	// requirement), "race-NAME" for a race of the comparison, "window-W1" for a
	// forced window, "window-all" for all windows, "array-raid5" for the test cases of
	// a personality, "array-raid5/life-1.2" for one test case, "mdadm" for the loop of
	// the real client, and "mdadm-by-number" for that loop with a reader that does not
	// use devtmpfs.
	Names  []string
	Race   time.Duration // for each race
	Cycles int           // of the mdadm loop
	Limit  int           // seconds for one check, 0: the guest's default
}

// AllTests returns the tests that the patched kernel of a comparison runs.
func AllTests() Tests {
	t := Tests{Race: 2 * time.Second, Cycles: mdadmCycles}
	for _, p := range phases {
		t.Names = append(t.Names, racePrefix+p.spec.Name)
	}
	t.Names = append(t.Names, mdadmTest, "R", windowPrefix+event.AllWindows)
	return t
}

// SyncTests returns the tests for a kernel that deletes devices in the stop. It leaves the
// windows out, which are about the other way of removal, and takes the reader by number,
// which meets more devices that are being removed.
func SyncTests() Tests {
	t := AllTests()
	t.Names = slices.DeleteFunc(t.Names, func(name string) bool {
		return strings.HasPrefix(name, windowPrefix) || name == mdadmTest
	})
	t.Names = append(t.Names, numberTest)
	return t
}

// NumberTests returns the loop of the real client beside a reader that does not use
// devtmpfs, and so finds a device until it is gone.
func NumberTests() Tests { return Tests{Names: []string{numberTest}, Cycles: mdadmCycles} }

// ModuleTests returns the tests that need md as modules.
func ModuleTests() Tests {
	return Tests{Names: []string{"R17", windowPrefix + "W7", windowPrefix + "W8"}}
}

// WindowTests returns these windows as tests.
func WindowTests(names []string) (t Tests) {
	for _, name := range names {
		t.Names = append(t.Names, windowPrefix+name)
	}
	return t
}

// ArrayTests returns these test cases of arrays, or those of these personalities, as tests.
func ArrayTests(names []string) (t Tests) {
	for _, name := range names {
		t.Names = append(t.Names, arrayPrefix+name)
	}
	return t
}

// Names of tests other than checks.
const (
	racePrefix   = "race-"
	windowPrefix = "window-"
	arrayPrefix  = "array-"
	mdadmTest    = "mdadm"
	numberTest   = "mdadm-by-number"
)

// ErrWantsModules says that a test can only run on [kernel.VariantModular].
var ErrWantsModules = errors.New("wants md as modules")

// Check returns an error, before anything is built, that says in one line which name is not
// a test's, or names a test that none of these variants can run.
func (t Tests) Check(variants ...kernel.Variant) error {
	if _, err := t.Plan(0); err != nil {
		return err
	}
	for _, name := range t.Names {
		window, isWindow := strings.CutPrefix(name, windowPrefix)
		needs := isWindow && windows.NeedsModule(window) || !isWindow && checks.NeedsModule(name)
		if needs && !slices.Contains(variants, kernel.VariantModular) {
			return fmt.Errorf("%s %w", name, ErrWantsModules)
		}
	}
	return nil
}

// Plan returns a plan of just these tests.
func (t Tests) Plan(seed uint64) (event.Plan, error) {
	plan := event.Plan{Seed: seed, CheckLimit: t.Limit}
	for _, name := range t.Names {
		race, isRace := strings.CutPrefix(name, racePrefix)
		array, isArray := strings.CutPrefix(name, arrayPrefix)
		window, isWindow := strings.CutPrefix(name, windowPrefix)
		switch {
		case isWindow && window != event.AllWindows && !slices.Contains(windows.Names(), window):
			return plan, fmt.Errorf("no window is called %s; there are %s", window, strings.Join(windows.Names(), ", "))
		case isArray:
			if err := arrays.Check(array); err != nil {
				return plan, err
			}
			plan.Cells = append(plan.Cells, array)
		case isWindow:
			plan.Windows = append(plan.Windows, window)
		case isRace:
			spec, err := raceCalled(race, t.Race)
			if err != nil {
				return plan, err
			}
			plan.Races = append(plan.Races, spec)
		case name == mdadmTest || name == numberTest:
			spec := event.MdadmSpec{
				Cycles: t.Cycles, SettleMillis: int(mdadmSettle.Milliseconds()), ByNumber: name == numberTest,
			}
			if plan.Mdadm != nil && *plan.Mdadm != spec {
				return plan, fmt.Errorf("one run has one loop, %s or %s", mdadmTest, numberTest)
			}
			plan.Mdadm = &spec
		case name == "R":
			plan.Checks = true
			plan.Only = append(plan.Only, event.AllChecks)
		case !checks.Known(name):
			return plan, fmt.Errorf("no test is called %s: want a requirement like R8, a check's name or its beginning,"+
				" %sNAME, %sNAME, %sNAME, %s or %s", name, racePrefix, windowPrefix, arrayPrefix, mdadmTest, numberTest)
		default:
			plan.Checks = true
			plan.Only = append(plan.Only, name)
		}
	}
	return plan, nil
}

// raceCalled returns the comparison's race of that name, with another length.
func raceCalled(name string, length time.Duration) (event.RaceSpec, error) {
	var names []string
	for _, spec := range races(length) {
		if spec.Name == name {
			spec.Millis = int(length.Milliseconds())
			return spec, nil
		}
		names = append(names, racePrefix+spec.Name)
	}
	return event.RaceSpec{}, fmt.Errorf("no race is called %s%s; there are %s", racePrefix, name, strings.Join(names, ", "))
}

// RunTests boots one variant and runs tests in it. Seed 0 stands for a new one.
func (o Options) RunTests(ctx context.Context, variant kernel.Variant, t Tests, seed uint64) (verdict.Guest, error) {
	plan, err := t.Plan(NewSeed(seed))
	if err != nil {
		return verdict.Guest{}, err
	}
	if plan.Mdadm != nil { // a removal takes longer there, too
		plan.Mdadm.SettleMillis *= variant.Slow()
	}
	guests, err := RunEach(ctx, o, []kernel.Variant{variant}, plan)
	if err != nil {
		return verdict.Guest{}, err
	}
	return guests[0], nil
}
