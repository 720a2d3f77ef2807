// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mdlife/internal/atomicfile"
)

// recordHead explains the file to whoever opens it.
const recordHead = `# SPDX-License-Identifier: GPL-2.0-only
# Kernels that were built after a patch of the series, and booted, by their keys, which name
# the content of the source, the patches until there, the configuration and the compiler. A
# fresh clone believes them. Written by: mdlife check -each-builds -record
`

// RecordFile is where a base's series keeps which of its prefixes have been built and
// booted, for other machines to know.
func RecordFile(patchDir string) string { return filepath.Join(patchDir, "built") }

// ReadRecord returns the keys in a record, in order. A file that is not there has none.
func ReadRecord(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var keys []string
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		key := strings.TrimSpace(lines.Text())
		if key == "" || strings.HasPrefix(key, "#") {
			continue
		}
		if strings.ContainsAny(key, " \t/") {
			return nil, fmt.Errorf("%s:%d: %q is not a kernel's key; write the file anew: rm it, then mdlife check -each-builds -record",
				file, n, key)
		}
		keys = append(keys, key)
	}
	return keys, lines.Err()
}

// WriteRecord replaces a record by the keys, sorted, or leaves it alone if it has them.
func WriteRecord(file string, keys []string) error {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	old, err := ReadRecord(file)
	if err == nil && slices.Equal(old, keys) {
		return nil
	}
	return atomicfile.Write(file, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s%s\n", recordHead, strings.Join(keys, "\n"))
		return err
	})
}
