// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// copyEntry copies a file or symbolic link to a path where nothing is, with
// the mode in e and the time of now. It makes the directory if needed.
func copyEntry(from, to string, e entry) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if e.mode == modeLink {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	perm := os.FileMode(0o644)
	if e.mode == modeExec {
		perm = 0o755
	}
	return copyFile(from, to, perm)
}

// copyFile copies a file's content, which file systems with shared extents do
// without copying data.
func copyFile(from, to string, perm os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// copyChecked is copyEntry, and makes sure that the copy has the content that e
// promises: a developer's tree can change while it is read.
func copyChecked(from, to string, e entry) error {
	if err := copyEntry(from, to, e); err != nil {
		return err
	}
	if e.mode == modeLink {
		return nil
	}
	sum, err := sha256File(to)
	if err == nil && sum != e.sum {
		err = fmt.Errorf("%s changed while it was read; run again", from)
	}
	return err
}

// replaceEntry is copyChecked onto a path where something may be: whoever looks
// sees the old or the new file, never a part.
func replaceEntry(from, to string, e entry) error {
	tmp := filepath.Join(filepath.Dir(to), ".mdlife-new-"+filepath.Base(to))
	if err := os.Remove(tmp); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := copyChecked(from, tmp, e); err != nil {
		os.Remove(tmp)
		return err
	}
	return os.Rename(tmp, to)
}

// writeWhole writes a file at once.
func writeWhole(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
