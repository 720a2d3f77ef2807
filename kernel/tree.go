// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"mdlife/internal/proc"
)

// tree is a kernel tree that somebody works in. It is only read.
type tree struct {
	dir   string // absolute
	isGit bool   // dir is the top of a git work tree
}

// openTree checks that dir is a kernel tree. Errors are an [ErrUsage].
func openTree(ctx context.Context, dir string) (tree, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return tree{}, usagef("no kernel tree: %v", err)
	}
	if err := checkTree(abs); err != nil {
		return tree{}, err
	}
	if err := proc.Require(map[string]string{"git": "git"}); err != nil {
		return tree{}, err
	}
	up, err := gitOutput(ctx, abs, "rev-parse", "--show-cdup")
	return tree{dir: abs, isGit: err == nil && strings.TrimSpace(string(up)) == ""}, nil
}

// gitOutput runs git in dir so that it writes nothing there, whoever owns dir.
func gitOutput(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return proc.Output(ctx, proc.ReadGit(dir, args...))
}

// list returns the paths of the tree's sources: what git tracks, and untracked
// files that are not ignored. The kernel's .gitignore covers everything that a
// build inside the tree leaves. That of Debian's linux-source ignores all there
// is at the top, so if it hides the Makefile, look again without that.
func (t tree) list(ctx context.Context) ([]string, error) {
	paths, err := t.lsFiles(ctx)
	if err != nil || slices.Contains(paths, "Makefile") {
		return paths, err
	}
	return t.lsFiles(ctx, "-x", "!/*/", "-x", "/.*", "-x", "!/Makefile", "-x", "!/Kconfig", "-x", "!/Kbuild", "-x", "!/MAINTAINERS")
}

// lsFiles lists what git does not ignore. Without a repository of its own the
// tree is looked at through an empty one.
func (t tree) lsFiles(ctx context.Context, exclude ...string) ([]string, error) {
	args := append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard"}, exclude...)
	if !t.isGit {
		empty, err := os.MkdirTemp("", "mdlife-git-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(empty)
		if _, err := gitOutput(ctx, empty, "init", "--quiet", "--bare"); err != nil {
			return nil, err
		}
		args = append([]string{"--git-dir=" + empty, "--work-tree=" + t.dir}, args...)
	}
	out, err := gitOutput(ctx, t.dir, args...)
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

// version describes the tree for people.
func (t tree) version(ctx context.Context, id string) string {
	if t.isGit {
		if described, err := t.describe(ctx); err == nil {
			return described
		}
	}
	return t.dir + " " + id
}

// describe asks git describe, with a copy of the index: to see whether the tree
// is dirty, git brings the index up to date, and writes it.
func (t tree) describe(ctx context.Context) (string, error) {
	where, err := gitOutput(ctx, t.dir, "rev-parse", "--git-path", "index")
	if err != nil {
		return "", err
	}
	index := strings.TrimSpace(string(where))
	if !filepath.IsAbs(index) {
		index = filepath.Join(t.dir, index)
	}
	tmp, err := os.MkdirTemp("", "mdlife-git-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := copyFile(index, filepath.Join(tmp, "index"), 0o644); err != nil {
		return "", err
	}
	cmd := proc.ReadGit(t.dir, "describe", "--always", "--dirty", "--tags")
	cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+filepath.Join(tmp, "index"))
	out, err := proc.Output(ctx, cmd)
	return strings.TrimSpace(string(out)), err
}

// scan returns the tree's manifest. Files whose size and times are those in the
// manifest that the file last holds, if any, are not read again.
func (t tree) scan(ctx context.Context, last string) (manifest, error) {
	loaded := make(chan manifest, 1)
	go func() { loaded <- loadManifest(last) }()
	paths, err := t.list(ctx)
	if err != nil {
		return nil, err
	}
	return scanPaths(ctx, t.dir, paths, <-loaded)
}

// scanPaths makes a manifest of paths below dir, with one reader a processor.
func scanPaths(ctx context.Context, dir string, paths []string, old manifest) (manifest, error) {
	found := make(manifest, len(paths))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	readers := runtime.NumCPU()
	began := time.Now()
	for i := range readers {
		group.Go(func() error {
			part := manifest{}
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
func scanFile(path string, old entry, began time.Time) (entry, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return entry{}, nil
	}
	if err != nil {
		return entry{}, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	e := entry{mode: modeOf(info), size: info.Size(), mtime: stat.Mtim.Nano(), ctime: stat.Ctim.Nano()}
	if e.mode == 0 {
		return entry{}, nil
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
	e.sum, err = sha256File(path)
	if e.ctime > began.Add(-racy).UnixNano() {
		e.mtime, e.ctime = 0, 0
	}
	return e, err
}
