// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mdlife/internal/proc"
	"mdlife/internal/usage"
)

// Tree is a kernel tree that somebody works in. It is only read.
type Tree struct {
	Dir   string // absolute
	isGit bool   // Dir is the top of a git work tree
}

// OpenTree checks that dir is a kernel tree. Its errors are a [usage.Err].
func OpenTree(ctx context.Context, dir string) (Tree, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return Tree{}, usage.Errorf("no kernel tree: %v", err)
	}
	if err := checkTree(abs); err != nil {
		return Tree{}, err
	}
	if err := proc.Require("git"); err != nil {
		return Tree{}, err
	}
	up, err := gitOutput(ctx, abs, "rev-parse", "--show-cdup")
	return Tree{Dir: abs, isGit: err == nil && strings.TrimSpace(string(up)) == ""}, nil
}

// gitOutput runs git in dir so that it writes nothing there, whoever owns dir.
func gitOutput(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return proc.Output(ctx, proc.ReadGit(dir, args...))
}

// list returns the paths of the tree's sources: what git tracks, and untracked
// files that are not ignored. The kernel's .gitignore covers everything that a
// build inside the tree leaves. That of Debian's linux-source ignores all there
// is at the top, so if it hides the Makefile, look again without that.
func (t Tree) list(ctx context.Context) ([]string, error) {
	paths, err := t.lsFiles(ctx)
	if err != nil || slices.Contains(paths, "Makefile") {
		return paths, err
	}
	return t.lsFiles(ctx, "-x", "!/*/", "-x", "/.*", "-x", "!/Makefile", "-x", "!/Kconfig", "-x", "!/Kbuild", "-x", "!/MAINTAINERS")
}

// lsFiles lists what git does not ignore. Without a repository of its own the
// tree is looked at through an empty one.
func (t Tree) lsFiles(ctx context.Context, exclude ...string) ([]string, error) {
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
		args = append([]string{"--git-dir=" + empty, "--work-tree=" + t.Dir}, args...)
	}
	out, err := gitOutput(ctx, t.Dir, args...)
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

// Version describes the tree for people: by git describe, or by its directory
// and id, which its manifest has.
func (t Tree) Version(ctx context.Context, id string) string {
	if t.isGit {
		if described, err := t.describe(ctx); err == nil {
			return described
		}
	}
	return t.Dir + " " + id
}

// describe asks git describe, with a copy of the index: to see whether the tree
// is dirty, git brings the index up to date, and writes it.
func (t Tree) describe(ctx context.Context) (string, error) {
	where, err := gitOutput(ctx, t.Dir, "rev-parse", "--git-path", "index")
	if err != nil {
		return "", err
	}
	index := strings.TrimSpace(string(where))
	if !filepath.IsAbs(index) {
		index = filepath.Join(t.Dir, index)
	}
	tmp, err := os.MkdirTemp("", "mdlife-git-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := CopyFile(index, filepath.Join(tmp, "index"), 0o644); err != nil {
		return "", err
	}
	cmd := proc.ReadGit(t.Dir, "describe", "--always", "--dirty", "--tags")
	cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+filepath.Join(tmp, "index"))
	out, err := proc.Output(ctx, cmd)
	return strings.TrimSpace(string(out)), err
}

// Scan returns the tree's manifest. Files whose size and times are those in the
// manifest that the file last holds, if any, are not read again.
func (t Tree) Scan(ctx context.Context, last string) (Manifest, error) {
	loaded := make(chan Manifest, 1)
	go func() { loaded <- LoadManifest(last) }()
	paths, err := t.list(ctx)
	if err != nil {
		return nil, err
	}
	return ScanPaths(ctx, t.Dir, paths, <-loaded)
}
