// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mdlife/internal/usage"
)

// Names returns the names of the patches in patchDir/series, in order. The
// file is quilt's: one name a line, '#' starts a comment. An empty series is
// allowed; a patch that is not there is an error.
func Names(patchDir string) ([]string, error) {
	file := filepath.Join(patchDir, "series")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the patch series: %w", err)
	}
	var names []string
	for i, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) > 2 || len(fields) == 2 && fields[1] != "-p1" {
			return nil, fmt.Errorf("%s:%d: %q: only -p1 patches, one a line", file, i+1, line)
		}
		if !filepath.IsLocal(fields[0]) {
			return nil, fmt.Errorf("%s:%d: %s lies outside of the patch directory", file, i+1, fields[0])
		}
		if _, err := os.Stat(filepath.Join(patchDir, fields[0])); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		names = append(names, fields[0])
	}
	return names, nil
}

// Patch is one file of a series.
type Patch struct {
	Name string
	Text []byte
}

// Series is a list of patches in memory, so that what is hashed is what is
// applied.
type Series []Patch

// Load reads the first upto patches; 0 is all.
func Load(patchDir string, upto int) (Series, error) {
	names, err := Names(patchDir)
	if err != nil {
		return nil, err
	}
	if upto > len(names) {
		return nil, usage.Errorf("%s/series has %d patches, not %d", patchDir, len(names), upto)
	}
	if upto > 0 {
		names = names[:upto]
	}
	var s Series
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(patchDir, name))
		if err != nil {
			return nil, err
		}
		s = append(s, Patch{name, text})
	}
	return s, nil
}

// Names lists the patches.
func (s Series) Names() []string {
	var names []string
	for _, p := range s {
		names = append(names, p.Name)
	}
	return names
}

// ID is a checksum of the patches in their order.
func (s Series) ID() string {
	sum := sha256.New()
	for _, p := range s {
		fmt.Fprintf(sum, "%d\n", len(p.Text))
		sum.Write(p.Text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
