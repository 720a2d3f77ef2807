// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"mdlife/tools/atomicfile"
	"mdlife/tools/event"
)

// CellsFile is what [WriteCellFiles] makes beside [JUnitFile].
const CellsFile = "cells.json"

// cellsOf is a kernel, and what has become of its cells.
type cellsOf struct {
	Kernel
	Cells []event.Cell `json:"cells"`
}

// WriteCellFiles writes into a directory what each cell has seen on each kernel: as
// JSON, and as JUnit XML with a suite for each kernel. What fails on the unpatched
// kernel, which is not judged, counts as skipped there.
func WriteCellFiles(dir, base string, guests []Kernel) error {
	var all []cellsOf
	for _, g := range guests {
		all = append(all, cellsOf{g, summarize(g).Cells})
	}
	for name, write := range map[string]func(io.Writer) error{
		CellsFile: func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "\t")
			return enc.Encode(all)
		},
		JUnitFile: func(w io.Writer) error { return writeCellSuites(w, base, all) },
	} {
		if err := atomicfile.Write(filepath.Join(dir, name), write); err != nil {
			return fmt.Errorf("verdict: write %s: %w", name, err)
		}
	}
	return nil
}

func writeCellSuites(w io.Writer, base string, all []cellsOf) error {
	var suites junit.Testsuites
	for _, k := range all {
		suite := junit.Testsuite{Name: "mdlife." + base + ".arrays." + strings.ReplaceAll(k.Label, " ", "-")}
		suite.AddProperty("kernel", k.Key)
		for _, c := range k.Cells {
			suite.AddTestcase(cellCase(suite.Name, c, k.Label == "unpatched"))
		}
		suites.AddSuite(suite)
	}
	return suites.WriteXML(w)
}

// cellCase is a cell as a test case.
func cellCase(suite string, c event.Cell, notJudged bool) junit.Testcase {
	personality, subject, _ := strings.Cut(c.Name, "/")
	tc := junit.Testcase{Name: subject, Classname: suite + "." + personality, Time: fmt.Sprintf("%.3f", c.Seconds)}
	refused := refusedBeside(c)
	switch {
	case c.Skipped != "":
		tc.Skipped = &junit.Result{Message: c.Skipped}
	case c.OK && refused == "":
		tc.SystemOut = &junit.Output{Data: c.Detail}
	case notJudged:
		tc.Skipped = &junit.Result{Message: "not judged: " + strings.TrimSpace(c.Detail+" "+refused)}
	default:
		tc.Failure = &junit.Result{Message: strings.TrimSpace(c.Detail + " " + refused), Type: string(Fail)}
	}
	return tc
}
