// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"mdlife/internal/proc"
)

// staged holds what a series makes of the files that it touches, in a temporary
// directory: files that are there are changed or new, the others are deleted.
type staged struct {
	dir     string
	touched []string // sorted paths relative to the tree
}

func (s staged) remove() error { return os.RemoveAll(s.dir) }

// applyError is a patch that a tree does not take.
type applyError struct{ patch, why string }

func (e applyError) Error() string {
	return fmt.Sprintf("patch %s does not apply: %s; tree left untouched", e.patch, e.why)
}

// stage applies the series to copies of tree's files. Git does the applying,
// out of reach of any repository and of the user's settings.
func (s series) stage(ctx context.Context, tree string) (staged, error) {
	if err := proc.Require(map[string]string{"git": "git"}); err != nil {
		return staged{}, err
	}
	dir, err := os.MkdirTemp("", "mdlife-series-")
	if err != nil {
		return staged{}, err
	}
	st := staged{dir: dir}
	for _, p := range s {
		if err := st.apply(ctx, tree, p); err != nil {
			st.remove()
			return staged{}, err
		}
	}
	slices.Sort(st.touched)
	return st, nil
}

// apply brings in the files of one patch and applies it.
func (s *staged) apply(ctx context.Context, tree string, p patch) error {
	files, _, err := gitdiff.Parse(bytes.NewReader(p.text))
	if err != nil {
		return fmt.Errorf("patch %s is damaged: %w; tree left untouched", p.name, err)
	}
	if len(files) == 0 {
		return fmt.Errorf("patch %s holds no diff; tree left untouched", p.name)
	}
	if !gitStyle.Match(p.text) {
		stripPrefixes(files)
	}
	for _, f := range files {
		for _, path := range []string{f.OldName, f.NewName} {
			if err := s.bring(tree, path); err != nil {
				return fmt.Errorf("patch %s: %w; tree left untouched", p.name, err)
			}
		}
	}
	cmd := proc.ScratchGit(s.dir, "apply", "--whitespace=nowarn", "-")
	cmd.Stdin = bytes.NewReader(p.text)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := proc.Run(ctx, cmd); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return s.explain(p, files, said.String())
	}
	return nil
}

// gitStyle matches patches that git made, whose a/ and b/ gitdiff takes away.
var gitStyle = regexp.MustCompile(`(?m)^diff --git `)

// stripPrefixes takes the first directory off the names, as patch -p1 does.
func stripPrefixes(files []*gitdiff.File) {
	for _, f := range files {
		for _, name := range []*string{&f.OldName, &f.NewName} {
			if _, rest, ok := strings.Cut(*name, "/"); ok {
				*name = rest
			}
		}
	}
}

// bring copies one of tree's files here, the first time that it is touched.
func (s *staged) bring(tree, path string) error {
	if path == "" || slices.Contains(s.touched, path) {
		return nil
	}
	if !filepath.IsLocal(path) {
		return fmt.Errorf("%s lies outside of the tree", path)
	}
	s.touched = append(s.touched, path)
	from := filepath.Join(tree, path)
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // new, or git's complaint to make
	}
	if err != nil {
		return err
	}
	return copyEntry(from, filepath.Join(s.dir, path), entry{mode: modeOf(info)})
}

// install moves the staged files into tree: first all under temporary names,
// so that a full disk leaves tree as it was, then each into its place.
func (s staged) install(tree string) (err error) {
	temp := func(path string) string {
		return filepath.Join(tree, filepath.Dir(path), ".mdlife-new-"+filepath.Base(path))
	}
	defer func() {
		if err != nil {
			for _, path := range s.touched {
				os.Remove(temp(path))
			}
		}
	}()
	var changed, deleted []string
	for _, path := range s.touched {
		info, err := os.Lstat(filepath.Join(s.dir, path))
		if errors.Is(err, fs.ErrNotExist) {
			deleted = append(deleted, path)
			continue
		}
		if err != nil {
			return err
		}
		if err := copyEntry(filepath.Join(s.dir, path), temp(path), entry{mode: modeOf(info)}); err != nil {
			return err
		}
		changed = append(changed, path)
	}
	for _, path := range changed {
		if err := os.Rename(temp(path), filepath.Join(tree, path)); err != nil {
			return err
		}
	}
	for _, path := range deleted {
		if err := os.Remove(filepath.Join(tree, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
