// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"mdlife/vmtests/guest/array/arraytest"
)

var update = flag.Bool("update", false, "write testdata/calls.txt anew")

// goldenCalls are the calls of mdadm of some test cases.
const goldenCalls = "testdata/calls.txt"

// withoutKernel are the scenarios that need nothing of a kernel that package arraytest does
// not have.
func withoutKernel() []scenario {
	return slices.Concat(lives, stops, []scenario{reAdd, assembly}, growing)
}

// casesWithoutKernel are the test cases of these.
func casesWithoutKernel() []testCase {
	var all []testCase
	for _, c := range testCases() {
		if slices.ContainsFunc(withoutKernel(), func(s scenario) bool { return s.name == c.scenario.name }) {
			all = append(all, c)
		}
	}
	return all
}

// pinnedCases are those of one personality, and those that are only for others.
func pinnedCases() []testCase {
	return slices.DeleteFunc(casesWithoutKernel(), func(c testCase) bool {
		isGrowth := slices.ContainsFunc(growths, func(g growth) bool { return g.name == c.scenario.name })
		return c.personality.Name != "raid5" && !isGrowth
	})
}

// playOn runs a test case against a machine for tests, whose mdadm fails as fail says. The
// time is synctest's.
func playOn(t *testing.T, c testCase, fail func(call string) error) (calls []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, m := arraytest.Array(t, c.personality)
		m.Fail = fail
		if err = a.WriteConfig(); err == nil {
			_, err = c.scenario.run(a)
		}
		if err != nil {
			err = errors.New(a.Doing() + ": " + err.Error())
		}
		calls = m.Calls
	})
	return calls, err
}

// TestEveryCaseRuns: each test case that needs no real kernel runs to its end.
func TestEveryCaseRuns(t *testing.T) {
	for _, c := range casesWithoutKernel() {
		t.Run(c.name, func(t *testing.T) {
			if calls, err := playOn(t, c, nil); err != nil {
				t.Errorf("%v, after %d calls", err, len(calls))
			}
		})
	}
}

// TestCalls: the test cases make the calls that they made before. With -update the golden file is
// written anew.
func TestCalls(t *testing.T) {
	var got strings.Builder
	for _, c := range pinnedCases() {
		calls, err := playOn(t, c, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got.WriteString(c.name + "\n\t" + strings.Join(calls, "\n\t") + "\n")
	}
	if *update {
		if err := os.WriteFile(goldenCalls, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenCalls)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the calls of mdadm are not those of %s; run with -update, and look at the difference. They are:\n%s", goldenCalls, got.String())
	}
}

// TestAFailedStepEndsTheCase: whichever call fails, the test case fails, and no other call is
// made afterwards.
func TestAFailedStepEndsTheCase(t *testing.T) {
	for _, c := range pinnedCases() {
		t.Run(c.name, func(t *testing.T) {
			calls, err := playOn(t, c, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range calls {
				failAt(t, c, calls[:i], calls[i])
			}
		})
	}
}

// failAt has a call fail, however often it is tried, that comes after some others.
func failAt(t *testing.T, c testCase, before []string, fails string) {
	t.Helper()
	seen := 0
	calls, err := playOn(t, c, func(call string) error {
		if seen++; seen > len(before) && call == fails {
			return errors.New("mdadm: no")
		}
		return nil
	})
	if err == nil {
		t.Errorf("%s fails, but the test case does not", fails)
	}
	for _, call := range calls[len(before):] {
		if call != fails {
			t.Errorf("%s fails, and then comes %s", fails, call)
		}
	}
}
