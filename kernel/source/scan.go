// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"mdlife/internal/checksum"
)

// ScanPaths makes a manifest of paths below dir, with one reader a processor.
func ScanPaths(ctx context.Context, dir string, paths []string, old Manifest) (Manifest, error) {
	found := make(Manifest, len(paths))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	readers := runtime.NumCPU()
	began := time.Now()
	for i := range readers {
		group.Go(func() error {
			part := Manifest{}
			for j := i; j < len(paths); j += readers {
				if err := ctx.Err(); err != nil {
					return err
				}
				e, err := scanFile(filepath.Join(dir, paths[j]), old[paths[j]], began)
				if err != nil {
					return err
				}
				if e.mode != 0 && !strings.Contains(paths[j], "\n") {
					part[paths[j]] = e
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for path, e := range part {
				found[path] = e
			}
			return nil
		})
	}
	return found, group.Wait()
}

// racy is how long before a scan a file may have changed and still, the file
// system's clock being coarse, change again without getting another time.
const racy = time.Second

// scanFile looks at one file, and reads it unless it is as old says. A file
// that is gone gives a zero entry: git lists what was deleted.
func scanFile(path string, old Entry, began time.Time) (Entry, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return Entry{}, nil
	}
	if err != nil {
		return Entry{}, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	e := Entry{mode: modeOf(info), size: info.Size(), mtime: stat.Mtim.Nano(), ctime: stat.Ctim.Nano()}
	if e.mode == 0 {
		return Entry{}, nil
	}
	if old.ctime == e.ctime && old.mtime == e.mtime && old.size == e.size && old.mode == e.mode {
		return old, nil
	}
	if e.mode == modeLink {
		target, err := os.Readlink(path)
		sum := sha256.Sum256([]byte(target))
		e.sum = hex.EncodeToString(sum[:])
		return e, err
	}
	e.sum, err = checksum.File(path)
	if e.ctime > began.Add(-racy).UnixNano() {
		e.mtime, e.ctime = 0, 0
	}
	return e, err
}
