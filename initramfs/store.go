// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/u-root/mkuimage/cpio"
	"github.com/u-root/mkuimage/uimage/initramfs"

	"mdlife/internal/filelock"
)

// layer is a part of the image.
type layer interface {
	name() string
	// key names the content that write would make.
	key(ctx context.Context) (string, error)
	// write puts the files into w. scratch is an empty directory.
	write(ctx context.Context, scratch string, w initramfs.Writer) error
}

// store is a directory of finished archives. A file is written under another
// name, synced, and renamed, so that what has its final name is whole; that
// it still is whole is checked by size and trailer when it is used.
type store struct{ dir string }

// keepImages is how many of the latest images, and of each layer, are kept.
const keepImages = 6

// lock waits until no other run builds.
func (s store) lock(ctx context.Context) (*flock.Flock, error) {
	return filelock.Acquire(ctx, filepath.Join(s.dir, "lock"), nil)
}

// layer returns the archive of a layer, made if it is not there.
func (s store) layer(ctx context.Context, l layer) (path string, cached bool, err error) {
	key, err := l.key(ctx)
	if err != nil {
		return "", false, err
	}
	return s.get(l.name()+"-"+key+".cpio", func(f *os.File) error {
		scratch, err := os.MkdirTemp(s.dir, "scratch-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(scratch)
		w := archive{cpio.Newc.Writer(f)}
		if err := l.write(ctx, scratch, w); err != nil {
			return err
		}
		return w.Finish()
	})
}

// archive is a [initramfs.Writer] that makes every record reproducible.
type archive struct{ cpio.RecordWriter }

// Finish writes the trailer.
func (a archive) Finish() error { return cpio.WriteTrailer(a) }

// get returns the file of that name, made with write if it is not there whole.
func (s store) get(name string, write func(f *os.File) error) (path string, cached bool, err error) {
	path = filepath.Join(s.dir, name)
	if whole(path) {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // for prune
		return path, true, nil
	}
	tmp, err := os.CreateTemp(s.dir, "tmp-")
	if err != nil {
		return "", false, err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := write(tmp); err != nil {
		return "", false, err
	}
	if err := errors.Join(tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return "", false, err
	}
	return path, false, os.Rename(tmp.Name(), path)
}

// whole reports whether the file ends as a cpio archive does.
func whole(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false
	}
	tail := make([]byte, min(st.Size(), 256))
	if _, err := f.ReadAt(tail, st.Size()-int64(len(tail))); err != nil {
		return false
	}
	return bytes.Contains(tail, []byte("TRAILER!!!\x00"))
}

// prune removes what has not been used for long, and what a killed run left.
// The caller holds the lock. Something that cannot be removed does no harm.
func (s store) prune() {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	byKind := map[string][]os.FileInfo{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		kind, _, found := strings.Cut(e.Name(), "-")
		switch {
		case !found:
		case kind == "tmp" || kind == "scratch":
			_ = os.RemoveAll(filepath.Join(s.dir, e.Name()))
		case strings.HasSuffix(e.Name(), ".cpio"):
			byKind[kind] = append(byKind[kind], info)
		}
	}
	for _, infos := range byKind {
		slices.SortFunc(infos, func(a, b os.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
		for _, info := range infos[min(keepImages, len(infos)):] {
			// Another process may be about to boot a recent one.
			if time.Since(info.ModTime()) > time.Hour {
				_ = os.Remove(filepath.Join(s.dir, info.Name()))
			}
		}
	}
}

// hash returns a name for a list of strings.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s\n", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:20]
}
