// SPDX-License-Identifier: BSD-3-Clause

package series

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
	"mdlife/kernel/source"
)

// Staged holds what a series makes of the files that it touches, in a temporary
// directory: files that are there are changed or new, the others are deleted.
type Staged struct {
	Dir     string
	Touched []string // sorted paths relative to the tree
}

// Remove deletes the directory.
func (s Staged) Remove() error { return os.RemoveAll(s.Dir) }

// Apply applies the first upto patches of patchDir's series to tree; 0 is
// all of them. There is no fuzz. Either all apply, or tree stays as it is and
// the error names patch, file and hunk. Hard links of the files that change are
// broken, so that a tree linked to another does not change that one.
func Apply(ctx context.Context, tree, patchDir string, upto int) error {
	patches, err := Load(patchDir, upto)
	if err != nil {
		return err
	}
	staged, err := patches.Stage(ctx, tree)
	if err != nil {
		return err
	}
	defer staged.Remove()
	return staged.Install(tree)
}

// ApplyError is a patch that a tree does not take.
type ApplyError struct{ Patch, Why string }

func (e ApplyError) Error() string {
	return fmt.Sprintf("patch %s does not apply: %s; tree left untouched", e.Patch, e.Why)
}

// Stage applies the series to copies of tree's files. Git does the applying,
// out of reach of any repository and of the user's settings.
func (s Series) Stage(ctx context.Context, tree string) (Staged, error) {
	if err := proc.Require("git"); err != nil {
		return Staged{}, err
	}
	dir, err := os.MkdirTemp("", "mdlife-series-")
	if err != nil {
		return Staged{}, err
	}
	st := Staged{Dir: dir}
	for _, p := range s {
		if err := st.apply(ctx, tree, p); err != nil {
			st.Remove()
			return Staged{}, err
		}
	}
	slices.Sort(st.Touched)
	return st, nil
}

// apply brings in the files of one patch and applies it.
func (s *Staged) apply(ctx context.Context, tree string, p Patch) error {
	files, err := s.bringAll(tree, p)
	if err != nil {
		return fmt.Errorf("%w; tree left untouched", err)
	}
	cmd := proc.ScratchGit(s.Dir, "apply", "--whitespace=nowarn", "-")
	cmd.Stdin = bytes.NewReader(p.Text)
	said, err := proc.Combined(ctx, cmd)
	if err != nil && ctx.Err() == nil {
		return s.explain(p, files, string(said))
	}
	return err
}

// bringAll copies the files that one patch names, and returns what it does to them.
func (s *Staged) bringAll(tree string, p Patch) ([]*gitdiff.File, error) {
	files, err := p.Files()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		for _, path := range []string{f.OldName, f.NewName} {
			if err := s.Bring(tree, path); err != nil {
				return nil, fmt.Errorf("patch %s: %w", p.Name, err)
			}
		}
	}
	return files, nil
}

// Files returns what the patch does to which files.
func (p Patch) Files() ([]*gitdiff.File, error) {
	files, _, err := gitdiff.Parse(bytes.NewReader(p.Text))
	if err != nil {
		return nil, fmt.Errorf("patch %s is damaged: %w", p.Name, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("patch %s holds no diff", p.Name)
	}
	if !gitStyle.Match(p.Text) {
		stripPrefixes(files)
	}
	return files, nil
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

// Bring copies one of tree's files here, the first time that it is touched.
func (s *Staged) Bring(tree, path string) error {
	if path == "" || slices.Contains(s.Touched, path) {
		return nil
	}
	if !filepath.IsLocal(path) {
		return fmt.Errorf("%s lies outside of the tree", path)
	}
	s.Touched = append(s.Touched, path)
	from := filepath.Join(tree, path)
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // new, or git's complaint to make
	}
	if err != nil {
		return err
	}
	return source.CopyEntry(from, filepath.Join(s.Dir, path), source.EntryOf(info))
}

// Install moves the staged files into tree: first all under temporary names,
// so that a full disk leaves tree as it was, then each into its place.
func (s Staged) Install(tree string) (err error) {
	temp := func(path string) string {
		return filepath.Join(tree, filepath.Dir(path), ".mdlife-new-"+filepath.Base(path))
	}
	defer func() {
		if err != nil {
			for _, path := range s.Touched {
				os.Remove(temp(path))
			}
		}
	}()
	var changed, deleted []string
	for _, path := range s.Touched {
		info, err := os.Lstat(filepath.Join(s.Dir, path))
		if errors.Is(err, fs.ErrNotExist) {
			deleted = append(deleted, path)
			continue
		}
		if err != nil {
			return err
		}
		if err := source.CopyEntry(filepath.Join(s.Dir, path), temp(path), source.EntryOf(info)); err != nil {
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
