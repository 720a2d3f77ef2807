// SPDX-License-Identifier: BSD-3-Clause

// Package remember keeps in the cache which checks have passed, by the content of
// all that went into them, so that only what has changed is checked again. It
// never remembers a failure. It also keeps what tools say of a content.
package remember

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
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
	return false, m.Keep(kind, parts, nil)
}

// Recall returns what [Memory.Keep] has kept for the same parts.
func (m Memory) Recall(kind string, parts []string) (value []byte, remembered bool) {
	if m.dir == "" {
		return nil, false
	}
	file := m.file(kind, parts)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(file, now, now) // at worst it is forgotten too soon
	return bytes.CutPrefix(text, []byte(kind+"\n"))
}

// Keep keeps what a tool has said, where more is wanted of it than that it has passed: for
// example the warnings that are there before a patch.
func (m Memory) Keep(kind string, parts []string, value []byte) error {
	if m.dir == "" {
		return nil
	}
	if _, done := pruned.LoadOrStore(m.dir, true); !done {
		m.prune()
	}
	if err := atomicfile.WriteBytes(m.file(kind, parts), append([]byte(kind+"\n"), value...)); err != nil {
		return fmt.Errorf("remembering what %s has given: %w", kind, err)
	}
	return nil
}

// pruned has the directories of which this process has forgotten what is old.
var pruned sync.Map

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
