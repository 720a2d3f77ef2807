// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// store is the cache's kernels/. A kernel appears there by one rename, when all
// of it is on disk.
type store struct{ dir string }

// keepKernels and keepFor bound the store: a kernel goes when it is neither
// among the last used ones nor was used lately.
const (
	keepKernels = 24
	keepFor     = 7 * 24 * time.Hour
)

// record is a stored kernel's result.json, which is written last.
type record struct {
	Result
	Sizes map[string]int64 `json:"sizes"` // bytes of each file
}

// find returns the stored kernel of that key. One whose files are not as they
// were stored is not there.
func (s store) find(key string) (Result, bool) {
	dir := filepath.Join(s.dir, key)
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		return Result{}, false
	}
	var r record
	if json.Unmarshal(text, &r) != nil || r.Key != key {
		return Result{}, false
	}
	for name, size := range r.Sizes {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() != size {
			return Result{}, false
		}
	}
	now := time.Now()
	os.Chtimes(dir, now, now) // last used; only prune looks
	r.Dir, r.Cached = dir, true
	return r.Result, true
}

// put stores what fill writes into a directory, as the kernel of r.Key. If
// another process was faster, its kernel is returned.
func (s store) put(r Result, fill func(dir string) error) (Result, error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return Result{}, err
	}
	s.sweep()
	tmp, unlock, err := s.temp()
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	defer os.RemoveAll(tmp)
	if err := fill(tmp); err != nil {
		return Result{}, err
	}
	if err := seal(tmp, r); err != nil {
		return Result{}, err
	}
	final := filepath.Join(s.dir, r.Key)
	err = os.Rename(tmp, final)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, unix.ENOTEMPTY) {
		if other, ok := s.find(r.Key); ok {
			return other, nil
		}
		// A damaged one is in the way.
		if err := os.RemoveAll(final); err != nil {
			return Result{}, err
		}
		err = os.Rename(tmp, final)
	}
	if err != nil {
		return Result{}, err
	}
	s.prune()
	r.Dir = final
	return r, syncPath(s.dir)
}

// temp makes a directory to fill, locked as long as this process lives.
func (s store) temp() (string, func(), error) {
	dir, err := os.MkdirTemp(s.dir, ".new-")
	if err != nil {
		return "", nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return "", nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return dir, func() { f.Close() }, os.Chmod(dir, 0o755)
}

// sweep removes the unfinished directories of processes that died: nobody
// holds their locks. A minute's grace spares one that is just being made.
func (s store) sweep() {
	unfinished, _ := filepath.Glob(filepath.Join(s.dir, ".new-*"))
	for _, dir := range unfinished {
		f, err := os.Open(dir)
		if err != nil {
			continue
		}
		info, err := f.Stat()
		if err == nil && time.Since(info.ModTime()) > time.Minute &&
			unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.RemoveAll(dir)
		}
		f.Close()
	}
}

// seal brings every file of dir to the disk, and then writes result.json.
func seal(dir string, r Result) error {
	rec := record{Result: r, Sizes: map[string]int64{}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rec.Sizes[strings.TrimPrefix(path, dir+"/")] = info.Size()
		return syncPath(path)
	})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(rec, "", "\t")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "result.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	if err := syncPath(file); err != nil {
		return err
	}
	return syncPath(dir)
}

// prune removes the kernels that nobody has asked for in a long time.
func (s store) prune() {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	used := map[string]time.Time{}
	var names []string
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			used[e.Name()] = info.ModTime()
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return used[b].Compare(used[a]) })
	for _, name := range names[min(keepKernels, len(names)):] {
		if time.Since(used[name]) > keepFor {
			os.RemoveAll(filepath.Join(s.dir, name))
		}
	}
}

// syncPath brings a file or directory to the disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
