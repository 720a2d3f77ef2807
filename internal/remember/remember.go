// SPDX-License-Identifier: BSD-3-Clause

// Package remember keeps in the cache which checks have passed, by the content of
// all that went into them, so that only what has changed is checked again. It
// never remembers a failure.
package remember

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mdlife/internal/atomicfile"
)

// keepFor is how long a check that nobody asks for stays remembered.
const keepFor = 60 * 24 * time.Hour

// Memory is a directory with a file for each check that has passed. The zero
// Memory remembers nothing.
type Memory struct{ dir string }

// Open returns the memory of a cache directory.
func Open(cacheDir string) Memory { return Memory{filepath.Join(cacheDir, "passed")} }

// Once runs a check unless it has passed before with the same parts, which are
// everything that its outcome depends on; it reports whether that was so. kind
// names the check.
func (m Memory) Once(kind string, parts []string, check func() error) (remembered bool, err error) {
	file := m.file(kind, parts)
	if m.dir != "" {
		now := time.Now()
		if os.Chtimes(file, now, now) == nil {
			return true, nil
		}
	}
	if err := check(); err != nil || m.dir == "" {
		return false, err
	}
	m.prune()
	if err := atomicfile.WriteBytes(file, []byte(kind+"\n")); err != nil {
		return false, fmt.Errorf("remembering that %s passed: %w", kind, err)
	}
	return false, nil
}

// file is where a check is remembered.
func (m Memory) file(kind string, parts []string) string {
	sum := sha256.New()
	for _, p := range append([]string{kind}, parts...) {
		fmt.Fprintf(sum, "%d %s\n", len(p), p)
	}
	return filepath.Join(m.dir, hex.EncodeToString(sum.Sum(nil)))
}

// prune forgets what nobody has asked for in a long time.
func (m Memory) prune() {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return // there is no such directory yet
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > keepFor {
			os.Remove(filepath.Join(m.dir, e.Name()))
		}
	}
}
