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

	"mdlife/tools/atomicfile"
)

// Files that [Report.WriteFiles] makes in its directory.
const (
	JSONFile  = "verdict.json"
	JUnitFile = "junit.xml"
	HTMLFile  = "report.html"
	TextFile  = "verdict.txt"
)

// WriteJSON writes the report in its machine-readable form, indented.
func (rep *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(rep)
}

// WriteFiles writes every form of the report into dir, which it makes if need
// be. Each file appears whole or not at all.
func (rep *Report) WriteFiles(dir string) error {
	for name, write := range map[string]func(io.Writer) error{
		JSONFile:  rep.WriteJSON,
		JUnitFile: rep.WriteJUnit,
		HTMLFile:  rep.WriteHTML,
		TextFile:  rep.WriteText,
	} {
		if err := atomicfile.Write(filepath.Join(dir, name), write); err != nil {
			return fmt.Errorf("verdict: write %s: %w", name, err)
		}
	}
	return nil
}

// RemoveFiles removes what an earlier WriteFiles has left in a directory.
func RemoveFiles(dir string) error {
	for _, name := range []string{JSONFile, JUnitFile, HTMLFile, TextFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
