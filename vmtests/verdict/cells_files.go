// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"mdlife/vmtests/event"
)

// CellsFile is what [WriteCellFiles] makes beside [JUnitFile].
const CellsFile = "cells.json"

// cellsOf is a kernel, and what has become of its cells.
type cellsOf struct {
	Kernel
	Cells []event.Cell `json:"cells"`
}

// WriteCellFiles writes into a directory what each cell has seen on each kernel: as
// JSON, and as JUnit XML with a suite for each kernel, in which is what else it is judged
// by, too. What fails on the unpatched kernel, which is not judged, counts as skipped.
func WriteCellFiles(dir, base string, guests []Kernel) error {
	var all []cellsOf
	for _, g := range guests {
		all = append(all, cellsOf{g, summarize(g).Cells})
	}
	return writeAll(dir, map[string]func(io.Writer) error{
		CellsFile: func(w io.Writer) error { return writeJSON(w, all) },
		JUnitFile: func(w io.Writer) error { return writeCellSuites(w, base, all) },
	})
}

// RemoveCellFiles removes what an earlier WriteCellFiles has left in a directory.
func RemoveCellFiles(dir string) error { return removeAll(dir, CellsFile, JUnitFile) }

func writeCellSuites(w io.Writer, base string, all []cellsOf) error {
	var suites junit.Testsuites
	for _, k := range all {
		suite := junit.Testsuite{
			Name: "mdlife." + base + ".arrays." + strings.ReplaceAll(k.Label, " ", "-"),
			Time: fmt.Sprintf("%.3f", k.Wall),
		}
		suite.AddProperty("kernel", k.Key)
		for _, r := range Alone(k.Kernel) {
			suite.AddTestcase(cellCase(suite.Name, r, k.Label == "unpatched"))
		}
		suites.AddSuite(suite)
	}
	return suites.WriteXML(w)
}

// cellCase is what a kernel is judged by as a test case.
func cellCase(suite string, r Result, notJudged bool) junit.Testcase {
	name := strings.TrimPrefix(r.Name, arrayPrefix)
	if personality, subject, isCell := strings.Cut(name, "/"); isCell {
		suite, name = suite+"."+personality, subject
	}
	tc := junit.Testcase{Name: name, Classname: suite, Time: fmt.Sprintf("%.3f", r.Seconds)}
	switch {
	case r.Skipped:
		tc.Skipped = &junit.Result{Message: r.Detail}
	case r.OK:
		tc.SystemOut = &junit.Output{Data: r.Detail}
	case notJudged:
		tc.Skipped = &junit.Result{Message: "not judged: " + r.Detail}
	default:
		tc.Failure = &junit.Result{Message: r.Detail, Type: string(Fail), Data: r.Reason()}
	}
	return tc
}
