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

// Names returns the names of the patches of patchDir/series, in order, relative to
// patchDir. The file is quilt's: one name a line, '#' starts a comment. A line may
// also name a folder with a series file of its own, a [Part]; parts chooses some of
// them, and with them what they need, and without it all are taken. An empty series is
// allowed; a patch that is not there is an error.
func Names(patchDir string, parts ...string) ([]string, error) {
	_, all, err := choose(patchDir, parts)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range all {
		listed, err := read(p.Dir)
		if err != nil {
			return nil, err
		}
		for _, l := range listed {
			if l.folder {
				return nil, fmt.Errorf("%s:%d: %s is a folder: a part of a series has no parts", seriesFile(p.Dir), l.number, l.name)
			}
			names = append(names, filepath.Join(p.Name, l.name))
		}
	}
	return names, nil
}

// seriesFile is the file that lists a directory's patches or parts.
func seriesFile(patchDir string) string { return filepath.Join(patchDir, "series") }

// line is what a line of a series file names.
type line struct {
	name   string
	number int  // of the line
	folder bool // it is a part, and not a patch
}

// read returns what a series file lists: patches or parts, not both.
func read(patchDir string) ([]line, error) {
	text, err := os.ReadFile(seriesFile(patchDir))
	if err != nil {
		return nil, fmt.Errorf("reading the patch series: %w", err)
	}
	var listed []line
	for i, t := range strings.Split(string(text), "\n") {
		t, _, _ = strings.Cut(t, "#")
		fields := strings.Fields(t)
		if len(fields) == 0 {
			continue
		}
		l, err := readLine(patchDir, fields, listed)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", seriesFile(patchDir), i+1, err)
		}
		l.number = i + 1
		listed = append(listed, l)
	}
	return listed, nil
}

// readLine checks the words of a line that comes after others.
func readLine(patchDir string, words []string, before []line) (line, error) {
	l := line{name: filepath.Clean(words[0])}
	if len(words) > 2 || len(words) == 2 && words[1] != "-p1" {
		return l, fmt.Errorf("%q: only -p1 patches, one a line", strings.Join(words, " "))
	}
	if !filepath.IsLocal(l.name) || l.name == "." {
		return l, fmt.Errorf("%s lies outside of the patch directory", words[0])
	}
	info, err := os.Stat(filepath.Join(patchDir, l.name))
	if err != nil {
		return l, err
	}
	if l.folder = info.IsDir(); l.folder {
		if _, err := os.Stat(seriesFile(filepath.Join(patchDir, l.name))); err != nil {
			return l, fmt.Errorf("%s is a folder without a series: %w", words[0], err)
		}
	}
	for _, b := range before {
		if b.name == l.name {
			return l, fmt.Errorf("%s is there twice", words[0])
		}
		if b.folder != l.folder {
			return l, fmt.Errorf("%s: patches and parts in one series; give the patches a part of their own", words[0])
		}
	}
	return l, nil
}

// Patch is one file of a series.
type Patch struct {
	Name string
	Text []byte
}

// Series is a list of patches in memory, so that what is hashed is what is
// applied.
type Series []Patch

// Load reads the first upto patches of the chosen parts, as [Names] lists them; 0 is all.
func Load(patchDir string, upto int, parts ...string) (Series, error) {
	names, err := Names(patchDir, parts...)
	if err != nil {
		return nil, err
	}
	if upto > len(names) {
		what := seriesFile(patchDir)
		if len(parts) > 0 {
			what = strings.Join(parts, ",") + " of " + what
		}
		return nil, usage.Errorf("%s has %d patches, not %d", what, len(names), upto)
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
