// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mdlife/internal/atomicfile"
	"mdlife/vmtests/verdict"
)

// Files of a command's results. Every command leaves the first two.
const (
	OutcomeFile = "outcome.json"
	JUnitFile   = "junit.xml"

	JSONFile  = "verdict.json" // of a comparison
	HTMLFile  = "report.html"  // of a comparison
	TextFile  = "verdict.txt"  // of a comparison
	CellsFile = "cells.json"   // of mdlife arrays
)

// WriteFiles writes an outcome into a directory, which it makes if need be. Each file
// appears whole or not at all.
func WriteFiles(dir string, o verdict.Outcome) error {
	return writeAll(dir, map[string]func(io.Writer) error{
		OutcomeFile: func(w io.Writer) error { return writeJSON(w, o) },
		JUnitFile:   func(w io.Writer) error { return WriteJUnit(w, o) },
	})
}

// WriteComparison writes what is kept of a comparison besides: its JSON, the page and the text.
func WriteComparison(dir string, rep *verdict.Report, o verdict.Outcome) error {
	return writeAll(dir, map[string]func(io.Writer) error{
		JSONFile: func(w io.Writer) error { return writeJSON(w, rep) },
		HTMLFile: func(w io.Writer) error { return writeHTML(w, rep, o) },
		TextFile: func(w io.Writer) error { return Print(w, o) },
	})
}

// Remove removes from a directory what an earlier run has left there: it is about other consoles.
func Remove(dir string) error {
	for _, name := range []string{OutcomeFile, JUnitFile, JSONFile, HTMLFile, TextFile, CellsFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// writeJSON writes a value in its machine-readable form, indented.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(v)
}

func writeAll(dir string, files map[string]func(io.Writer) error) error {
	for name, write := range files {
		if err := atomicfile.Write(filepath.Join(dir, name), write); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Join(dir, name), err)
		}
	}
	return nil
}
