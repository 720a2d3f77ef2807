// SPDX-License-Identifier: BSD-3-Clause

// Package atomicfile writes files that appear whole or not at all, on the disk as
// well: what a crash of the machine leaves is the old file or the new one.
package atomicfile

import (
	"bufio"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Write makes or replaces the file at path, mode 0644, with what write writes.
// It makes the directory if need be. Where anything fails, the old file stays as
// it was and nothing else remains.
func Write(path string, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(dir), renameio.WithStaticPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	buf := bufio.NewWriter(f)
	if err := write(buf); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// WriteBytes is [Write] of a content that is at hand.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
