// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"mdlife/internal/proc"
	"mdlife/internal/remember"
)

// Check is a series and the source to which it must apply.
type Check struct {
	Source  string // a pristine kernel tree; never written to
	Dir     string // the patch directory
	Patches Series
	Ground  int             // how many of the first ones are only what the others need: they are not checked
	Memory  remember.Memory // of what has passed before
}

// Result is the outcome of one check of one patch, or of the whole series.
type Result struct {
	Name   string // "apply 0001-md-…", "checkpatch 0001-md-…", "build 3 of 12"
	Detail string // why it failed, in the tool's words; "" where it did not

	Remembered bool   // it has passed before, with the same content of everything
	Key        string // of the kernel that was built and booted; "" of other checks
}

// OK reports whether the check passed.
func (r Result) OK() bool { return r.Detail == "" }

// Open prepares the checks of patchDir's series, or of the chosen parts as one series,
// against a source. What a part needs is applied before it.
func Open(patchDir, source string, parts ...string) (Check, error) {
	patches, err := Load(patchDir, 0, parts...)
	if err == nil && len(patches) == 0 {
		err = fmt.Errorf("%s lists no patch", seriesFile(patchDir))
	}
	if err != nil {
		return Check{}, err
	}
	ground, err := Ground(patchDir, parts...)
	return Check{Source: source, Dir: patchDir, Patches: patches, Ground: ground}, err
}

// Own are the patches to check, without those that they need.
func (c Check) Own() Series { return c.Patches[c.Ground:] }

// path returns where a patch's file is.
func (c Check) path(p Patch) string { return filepath.Join(c.Dir, p.Name) }

// output runs a command and returns all that it printed, trimmed.
func output(ctx context.Context, cmd *exec.Cmd) (string, error) {
	out, err := proc.Combined(ctx, cmd)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return strings.TrimSpace(string(out)), err
}
