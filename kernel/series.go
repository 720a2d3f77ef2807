// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ReadSeries returns the names of the patches in patchDir/series, in order. The
// file is quilt's: one name a line, '#' starts a comment. An empty series is
// allowed; a patch that is not there is an error.
func ReadSeries(patchDir string) ([]string, error) {
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

// ApplySeries applies the first upto patches of patchDir's series to tree; 0 is
// all of them. There is no fuzz. Either all apply, or tree stays as it is and
// the error names patch, file and hunk. Hard links of the files that change are
// broken, so that a tree linked to another does not change that one.
func ApplySeries(ctx context.Context, tree, patchDir string, upto int) error {
	series, err := loadSeries(patchDir, upto)
	if err != nil {
		return err
	}
	staged, err := series.stage(ctx, tree)
	if err != nil {
		return err
	}
	defer staged.remove()
	return staged.install(tree)
}

// patch is one file of a series.
type patch struct {
	name string
	text []byte
}

// series is a list of patches in memory, so that what is hashed is what is
// applied.
type series []patch

// loadSeries reads the first upto patches; 0 is all.
func loadSeries(patchDir string, upto int) (series, error) {
	names, err := ReadSeries(patchDir)
	if err != nil {
		return nil, err
	}
	if upto > len(names) {
		return nil, usagef("%s/series has %d patches, not %d", patchDir, len(names), upto)
	}
	if upto > 0 {
		names = names[:upto]
	}
	var s series
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(patchDir, name))
		if err != nil {
			return nil, err
		}
		s = append(s, patch{name, text})
	}
	return s, nil
}

// names lists the patches.
func (s series) names() []string {
	var names []string
	for _, p := range s {
		names = append(names, p.name)
	}
	return names
}

// id is a checksum of the patches in their order.
func (s series) id() string {
	sum := sha256.New()
	for _, p := range s {
		fmt.Fprintf(sum, "%d\n", len(p.text))
		sum.Write(p.text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
