// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"mdlife/vmtests/verdict"
)

// WriteJUnit writes an outcome as JUnit XML: a test suite for each of its suites, a test
// case for each result. A result that is not judged and failed counts as skipped.
func WriteJUnit(w io.Writer, o verdict.Outcome) error {
	var all junit.Testsuites
	for _, s := range o.Suites {
		all.AddSuite(testsuite(o, s))
	}
	return all.WriteXML(w)
}

func testsuite(o verdict.Outcome, s verdict.Suite) junit.Testsuite {
	suite := junit.Testsuite{
		Name:      strings.Join(suiteName(o, s), "."),
		Timestamp: o.Started.Format(time.RFC3339),
		Time:      fmt.Sprintf("%.3f", s.Seconds),
	}
	suite.AddProperty("verdict", string(o.Verdict))
	suite.AddProperty("seed", fmt.Sprint(o.Seed))
	suite.AddProperty("kernel", s.Kernel)
	if s.Against != "" {
		suite.AddProperty("unpatched", s.Against)
		suite.AddProperty("patched", s.Kernel)
	}
	suite.AddProperty("again", o.Again)
	for _, r := range s.Results {
		suite.AddTestcase(testcase(suite.Name, r, s.Judged, o.Verdict))
	}
	return suite
}

// suiteName is the parts of a suite's name: mdlife, base, command and kernel. A comparison,
// which is a base's own verdict, has only the first two.
func suiteName(o verdict.Outcome, s verdict.Suite) []string {
	parts := []string{"mdlife"}
	if o.Base != "" {
		parts = append(parts, o.Base)
	}
	if s.Name == comparisonSuite {
		return parts
	}
	return append(parts, o.Command, strings.ReplaceAll(s.Name, " ", "-"))
}

// testcase is one result. The class of an array's test case is its personality's, that of
// any other result its requirement's.
func testcase(suite string, r verdict.Result, judged bool, status verdict.Status) junit.Testcase {
	name, class := r.Name, cmp.Or(r.Requirement, "run")
	if array, ok := strings.CutPrefix(name, verdict.CasePrefix); ok {
		class, name, _ = strings.Cut(array, "/")
	}
	tc := junit.Testcase{Name: name, Classname: suite + "." + class, Time: fmt.Sprintf("%.3f", r.Seconds)}
	switch {
	case r.Skipped:
		tc.Skipped = &junit.Result{Message: r.Detail}
	case r.OK:
		tc.SystemOut = &junit.Output{Data: r.Detail}
	case !judged:
		tc.Skipped = &junit.Result{Message: "not judged: " + r.Detail}
	default:
		tc.Failure = &junit.Result{Message: r.Detail, Type: string(status), Data: r.Reason()}
	}
	return tc
}
