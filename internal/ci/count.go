// SPDX-License-Identifier: BSD-3-Clause

package ci

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Count is what a CI run comes to.
type Count struct {
	Passed  int
	Skipped int
	Failed  []string // a line for each test, step or file that is not as it must be
	Notes   []string // what was skipped and may be, with the reason
}

// OK reports whether the run passes. A run that counted nothing does not.
func (c Count) OK() bool { return len(c.Failed) == 0 && c.Passed > 0 }

// CountAll counts the test cases of all steps. A step also fails where it says so by its exit
// code and none of its test cases does, or where it left no junit.xml. A test that was
// skipped fails unless it is listed; a verdict's results say themselves why they do not apply.
func CountAll(steps []Step, skips Skips) Count {
	var c Count
	for _, s := range steps {
		c.add(s, skips)
	}
	return c
}

func (c *Count) add(s Step, skips Skips) {
	for _, t := range s.Cases {
		switch {
		case t.Failed:
			c.fail("%s: %s: %s", s.Name, t.Name, firstLine(t.Message))
		case t.Skipped && t.isVerdict():
			c.Skipped++
		case t.Skipped:
			c.skip(t.Name, skips)
		default:
			c.Passed++
		}
	}
	for _, b := range s.Broken {
		c.fail("%s: %s", s.Name, b)
	}
	switch {
	case s.Exit == notFetched:
		c.skip(s.Name, skips)
	case s.Exit != 0 && !s.hasFailure():
		c.fail("%s: exit code %d, and no test case says why; see its log", s.Name, s.Exit)
	case s.Exit == 0 && s.Files == 0:
		c.fail("%s: left no junit.xml", s.Name)
	}
}

func (c *Count) fail(format string, args ...any) {
	c.Failed = append(c.Failed, fmt.Sprintf(format, args...))
}

// skip notes a skip of a test or step. A subtest may be skipped if its test may.
func (c *Count) skip(name string, skips Skips) {
	test, _, _ := strings.Cut(name, "/")
	why, ok := skips[name]
	if !ok {
		why, ok = skips[test]
	}
	if !ok {
		c.fail("%s was skipped, and is not listed in .ci/skips", name)
		return
	}
	c.Skipped++
	c.Notes = append(c.Notes, fmt.Sprintf("%s (%s)", name, why))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// How many of the slowest suites and test cases are printed.
const (
	slowSuites = 8
	slowCases  = 5
)

// Print writes the slowest steps, suites and test cases, then what was skipped and what
// failed, and on the last line "N passed, N failed, N skipped".
func (c Count) Print(w io.Writer, steps []Step) {
	fmt.Fprintln(w, "\nSlowest steps:")
	var all, suites, cases []Suite
	for _, s := range steps {
		all = append(all, Suite{s.Name, s.Took.Seconds()})
		suites = append(suites, s.Suites...)
		for _, t := range s.Cases {
			cases = append(cases, Suite{t.Name, t.Seconds})
		}
	}
	printSlowest(w, all, len(all))
	printSlowest(w, suites, slowSuites)
	printSlowest(w, cases, slowCases)
	for _, note := range c.Notes {
		fmt.Fprintf(w, "skipped: %s\n", note)
	}
	for _, f := range c.Failed {
		fmt.Fprintf(w, "failed: %s\n", f)
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", c.Passed, len(c.Failed), c.Skipped)
}

// printSlowest prints at most n, the slowest first, and none that took no time.
func printSlowest(w io.Writer, all []Suite, n int) {
	slices.SortStableFunc(all, func(a, b Suite) int { return cmp.Compare(b.Seconds, a.Seconds) })
	for _, s := range all[:min(n, len(all))] {
		if s.Seconds > 0 {
			fmt.Fprintf(w, "  %8.1f s  %s\n", s.Seconds, s.Name)
		}
	}
}
