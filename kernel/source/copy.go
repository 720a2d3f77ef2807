// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mdlife/internal/checksum"
)

// CopyEntry copies a file or symbolic link to a path where nothing is, with
// the mode in e and the time of now. It makes the directory if needed.
func CopyEntry(from, to string, e Entry) error {
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
	return CopyFile(from, to, perm)
}

// CopyFile copies a file's content, which file systems with shared extents do
// without copying data.
func CopyFile(from, to string, perm os.FileMode) error {
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

// CopyChecked is [CopyEntry], and makes sure that the copy has the content that e
// promises: a developer's tree can change while it is read.
func CopyChecked(from, to string, e Entry) error {
	if err := CopyEntry(from, to, e); err != nil {
		return err
	}
	if e.mode == modeLink {
		return nil
	}
	sum, err := checksum.File(to)
	if err == nil && sum != e.sum {
		err = fmt.Errorf("%s changed while it was read; run again", from)
	}
	return err
}

// Replace is [CopyChecked] onto a path where something may be: whoever looks
// sees the old or the new file, never a part. It does not wait for the disk, as
// internal/atomicfile does: a slot gets thousands of files at once, and notes
// beforehand which of them a crash would leave in doubt.
func Replace(from, to string, e Entry) error {
	tmp := filepath.Join(filepath.Dir(to), ".mdlife-new-"+filepath.Base(to))
	if err := os.Remove(tmp); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := CopyChecked(from, tmp, e); err != nil {
		os.Remove(tmp)
		return err
	}
	return os.Rename(tmp, to)
}
