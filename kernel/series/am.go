// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"context"
	"fmt"
	"os"

	"mdlife/internal/proc"
)

// Apply has git am apply the patches one by one to a scratch repository that
// holds just the files they touch. git am knows no fuzz: context that does not
// match is an error. It stops at the first patch that fails.
func (c Check) Apply(ctx context.Context) ([]Result, error) {
	if err := proc.Require("git"); err != nil {
		return nil, fmt.Errorf("git am: %w", err)
	}
	repo, err := os.MkdirTemp("", "mdlife-am-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(repo)
	if err := c.scratch(ctx, repo); err != nil {
		return nil, err
	}
	var results []Result
	for _, p := range c.Patches {
		r := Result{Name: "apply " + p.Name}
		out, err := output(ctx, proc.ScratchGit(repo, identity("am", "--no-3way", c.path(p))...))
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
func (c Check) scratch(ctx context.Context, repo string) error {
	files := Staged{Dir: repo}
	for _, p := range c.Patches {
		if _, err := files.bringAll(c.Source, p); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A", "--force"}, identity("commit", "-q", "--allow-empty", "-m", "pristine")} {
		if out, err := output(ctx, proc.ScratchGit(repo, args...)); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}
