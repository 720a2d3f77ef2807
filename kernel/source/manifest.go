// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mdlife/internal/atomicfile"
)

// The kinds of entries in a manifest.
const (
	modeFile = 'f'
	modeExec = 'x' // a file that its owner may execute
	modeLink = 'l' // a symbolic link; its sum is that of the target
)

// Unknown stands for a file that was about to change when its manifest was
// written: it equals no content.
var Unknown = Entry{mode: modeFile, sum: "?"}

// Entry is what a manifest knows about one file. Size and times are those that
// the file had when sum was taken, and zero where sum must not be trusted
// again without reading the file.
type Entry struct {
	mode         byte
	sum          string // SHA-256 in hexadecimal
	size         int64  // bytes
	mtime, ctime int64  // Unix time in nanoseconds
}

// Same reports whether two entries have the same content.
func (e Entry) Same(o Entry) bool { return e.mode == o.mode && e.sum == o.sum }

// Manifest describes the files of a tree, by path relative to its top.
type Manifest map[string]Entry

// paths returns the paths, sorted.
func (m Manifest) paths() []string { return slices.Sorted(maps.Keys(m)) }

// ID is a checksum of paths, modes and contents.
func (m Manifest) ID() string {
	sum := sha256.New()
	for _, path := range m.paths() {
		fmt.Fprintf(sum, "%s\x00%c%s\n", path, m[path].mode, m[path].sum)
	}
	return hex.EncodeToString(sum.Sum(nil))[:20]
}

// EntryOf returns an entry with the mode of a file, for [CopyEntry].
func EntryOf(info fs.FileInfo) Entry { return Entry{mode: modeOf(info)} }

// modeOf returns a file's mode in a manifest, or 0 for what has no place there.
func modeOf(info fs.FileInfo) byte {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return modeLink
	case !info.Mode().IsRegular():
		return 0
	case info.Mode()&0o100 != 0:
		return modeExec
	}
	return modeFile
}

// Save writes m to file at once.
func (m Manifest) Save(file string) error {
	var text bytes.Buffer
	for path, e := range m {
		fmt.Fprintf(&text, "%c %s %d %d %d %s\n", e.mode, e.sum, e.size, e.mtime, e.ctime, path)
	}
	fmt.Fprintf(&text, "end %d\n", len(m))
	return atomicfile.WriteBytes(file, text.Bytes())
}

// LoadManifest reads what [Manifest.Save] wrote. A missing or damaged file gives nil:
// everything it describes must be looked at again.
func LoadManifest(file string) Manifest {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	m := make(Manifest, 90_000)
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 6)
		if f[0] == "end" && len(f) == 2 && f[1] == strconv.Itoa(len(m)) {
			return m
		}
		if len(f) != 6 || len(f[0]) != 1 {
			return nil
		}
		size, err1 := strconv.ParseInt(f[2], 10, 64)
		mtime, err2 := strconv.ParseInt(f[3], 10, 64)
		ctime, err3 := strconv.ParseInt(f[4], 10, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			return nil
		}
		m[f[5]] = Entry{mode: f[0][0], sum: f[1], size: size, mtime: mtime, ctime: ctime}
	}
	return nil // no end: cut off
}

// ListAll returns the paths of everything below dir that a manifest can hold.
func ListAll(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		paths = append(paths, strings.TrimPrefix(path, dir+"/"))
		return nil
	})
	return paths, err
}

// Changed lists the paths at which two manifests differ.
func Changed(a, b Manifest) []string {
	var changed []string
	for path, e := range b {
		if !a[path].Same(e) {
			changed = append(changed, path)
		}
	}
	for path := range a {
		if _, ok := b[path]; !ok {
			changed = append(changed, path)
		}
	}
	return changed
}
