// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"cmp"
	"context"
	"os"
	"path/filepath"

	"mdlife/internal/proc"
)

// ignored are checkpatch's complaints that do not count: patches are signed off
// by whoever sends them, and whether a commit exists cannot be told without the
// kernel's history.
// FILE_PATH_CHANGES asks of every new file whether MAINTAINERS has a pattern for it:
// lib/raid6 and lib/raid have none at all.
const ignored = "MISSING_SIGN_OFF,UNKNOWN_COMMIT_ID,FILE_PATH_CHANGES"

// Checkpatch runs the base's own scripts/checkpatch.pl --strict on each patch.
// Errors, warnings and checks all count. It runs in a directory of its own,
// since it leaves a file behind.
func (c Check) Checkpatch(ctx context.Context) ([]Result, error) {
	dir, err := os.MkdirTemp("", "mdlife-checkpatch-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(c.Source, "scripts", "checkpatch.pl")
	var results []Result
	for _, p := range c.Patches {
		cmd := proc.Command("perl", script, "--strict", "--show-types", "--terse",
			"--no-summary", "--no-signoff", "--ignore", ignored, "--root", c.Source, c.path(p))
		cmd.Dir, cmd.Env = dir, append(cmd.Env, "LC_ALL=C")
		out, err := output(ctx, cmd)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r := Result{Name: "checkpatch " + p.Name}
		if err != nil || out != "" {
			r.Detail = cmp.Or(out, "checkpatch.pl: no word but its exit status")
		}
		results = append(results, r)
	}
	return results, nil
}
