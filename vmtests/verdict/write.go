// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mdlife/internal/atomicfile"
)

// Files that [Report.WriteFiles] makes in its directory.
const (
	JSONFile  = "verdict.json"
	JUnitFile = "junit.xml"
	HTMLFile  = "report.html"
	TextFile  = "verdict.txt"
)

// WriteJSON writes the report in its machine-readable form, indented.
func (rep *Report) WriteJSON(w io.Writer) error { return writeJSON(w, rep) }

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(v)
}

// WriteFiles writes every form of the report into dir, which it makes if need
// be. Each file appears whole or not at all.
func (rep *Report) WriteFiles(dir string) error {
	return writeAll(dir, map[string]func(io.Writer) error{
		JSONFile:  rep.WriteJSON,
		JUnitFile: rep.WriteJUnit,
		HTMLFile:  rep.WriteHTML,
		TextFile:  rep.WriteText,
	})
}

func writeAll(dir string, files map[string]func(io.Writer) error) error {
	for name, write := range files {
		if err := atomicfile.Write(filepath.Join(dir, name), write); err != nil {
			return fmt.Errorf("verdict: write %s: %w", name, err)
		}
	}
	return nil
}

// RemoveFiles removes what an earlier WriteFiles has left in a directory.
func RemoveFiles(dir string) error {
	return removeAll(dir, JSONFile, JUnitFile, HTMLFile, TextFile)
}

func removeAll(dir string, names ...string) error {
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
