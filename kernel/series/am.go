// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"mdlife/internal/proc"
	"mdlife/kernel/source"
)

// Apply has git am apply the patches one by one to a scratch repository that
// holds just the files they touch. git am knows no fuzz: context that does not
// match is an error. It stops at the first patch that fails. Those that the checked ones
// need are applied, too, and told of if they do not apply.
func (c Check) Apply(ctx context.Context) ([]Result, error) {
	if err := proc.Require("git"); err != nil {
		return nil, fmt.Errorf("git am: %w", err)
	}
	repo, err := os.MkdirTemp("", "mdlife-am-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(repo)
	content, err := c.scratch(ctx, repo)
	if err != nil {
		return nil, err
	}
	results := c.passed()
	remembered, err := c.Memory.Once("git am", append(content, c.Patches.ID()), func() error {
		if results, err = c.applyIn(ctx, repo); err == nil && !allOK(results) {
			err = errFailed
		}
		return err
	})
	if err != nil && !errors.Is(err, errFailed) {
		return nil, err
	}
	for i := range results {
		results[i].Remembered = remembered
	}
	return results, nil
}

// errFailed keeps checks that have failed from being remembered.
var errFailed = errors.New("failed")

// passed is what Apply returns where all is well.
func (c Check) passed() []Result {
	var results []Result
	for _, p := range c.Own() {
		results = append(results, Result{Name: "apply " + p.Name})
	}
	return results
}

// allOK reports whether all checks passed.
func allOK(results []Result) bool {
	return !slices.ContainsFunc(results, func(r Result) bool { return !r.OK() })
}

// applyIn has git am apply the patches in a scratch repository.
func (c Check) applyIn(ctx context.Context, repo string) ([]Result, error) {
	var results []Result
	for i, p := range c.Patches {
		r := Result{Name: "apply " + p.Name}
		out, err := output(ctx, proc.ScratchGit(repo, identity("am", "--no-3way", c.path(p))...))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r.Detail = fmt.Sprintf("git am: %v: %s", err, out)
		}
		if i >= c.Ground || !r.OK() {
			results = append(results, r)
		}
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
// series touches, and returns what identifies those and git.
func (c Check) scratch(ctx context.Context, repo string) (content []string, err error) {
	files := Staged{Dir: repo}
	for _, p := range c.Patches {
		if _, err := files.bringAll(c.Source, p); err != nil {
			return nil, err
		}
	}
	pristine, err := source.ScanPaths(ctx, repo, files.Touched, nil)
	if err != nil {
		return nil, err
	}
	version, err := output(ctx, proc.ScratchGit(repo, "version"))
	if err != nil {
		return nil, err
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A", "--force"}, identity("commit", "-q", "--allow-empty", "-m", "pristine")} {
		if out, err := output(ctx, proc.ScratchGit(repo, args...)); err != nil {
			return nil, fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return []string{version, pristine.ID()}, nil
}
