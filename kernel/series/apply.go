// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"mdlife/internal/proc"
)

// Apply has git am apply the patches one by one to a scratch repository that
// holds just the files they touch. git am knows no fuzz: context that does not
// match is an error. It stops at the first patch that fails.
func (s Series) Apply(ctx context.Context) ([]Result, error) {
	repo, err := os.MkdirTemp("", "mdlife-am-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(repo)
	if err := s.scratch(ctx, repo); err != nil {
		return nil, err
	}
	var results []Result
	for _, patch := range s.Patches {
		r := Result{Name: "apply " + filepath.Base(patch)}
		out, err := output(ctx, proc.ScratchGit(repo, identity("am", "--no-3way", patch)...))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r.Detail = fmt.Sprintf("git am: %v: %s", err, out)
		}
		results = append(results, r)
		if !r.OK() {
			break
		}
	}
	return results, nil
}

// identity is a git command line with a committer, whom git am wants.
func identity(args ...string) []string {
	return append([]string{"-c", "user.name=mdlife", "-c", "user.email=mdlife@localhost"}, args...)
}

// scratch makes a repository with the pristine version of every file that the
// series touches.
func (s Series) scratch(ctx context.Context, repo string) error {
	files, err := s.touched()
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(s.Source, f))
		if errors.Is(err, os.ErrNotExist) {
			continue // a file that the series makes
		}
		if err != nil {
			return err
		}
		to := filepath.Join(repo, f)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, b, 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, identity("commit", "-q", "--allow-empty", "-m", s.Base.Name)} {
		out, err := output(ctx, proc.ScratchGit(repo, args...))
		if errors.Is(err, exec.ErrNotFound) {
			return errors.New("git am: there is no git: apt-get install git")
		}
		if err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

// touched lists the files that any patch changes, makes or removes.
func (s Series) touched() ([]string, error) {
	var files []string
	for _, patch := range s.Patches {
		b, err := os.ReadFile(patch)
		if err != nil {
			return nil, err
		}
		diffs, _, err := gitdiff.Parse(strings.NewReader(string(b)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", patch, err)
		}
		if len(diffs) == 0 {
			return nil, fmt.Errorf("%s: holds no change", patch)
		}
		for _, d := range diffs {
			for _, name := range []string{d.OldName, d.NewName} {
				if name != "" {
					files = append(files, name)
				}
			}
		}
	}
	return files, nil
}
