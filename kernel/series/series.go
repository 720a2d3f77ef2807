// SPDX-License-Identifier: BSD-3-Clause

// Package series checks a patch series' hygiene as a maintainer would: git am
// takes every patch on the base's source without fuzz, checkpatch has nothing
// to say but that the sign-off is missing, and every prefix of the series
// builds, so that the series can be bisected.
package series

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"mdlife/internal/proc"
	"mdlife/kernel"
)

// Series is a base's patches and the source to which they apply.
type Series struct {
	Base    kernel.Base
	Dir     string   // patches/<base>
	Source  string   // the base's pristine source; never written to
	Patches []string // paths, in order
}

// Result is one check of one patch, or of the whole series.
type Result struct {
	Name   string // "apply 0001-md-…", "checkpatch 0001-md-…", "build 3 of 12"
	Detail string // why it failed, with the tool's words; "" where it did not
}

// OK tells whether the check passed.
func (r Result) OK() bool { return r.Detail == "" }

// Open reads a base's series and fetches its source if need be.
func Open(ctx context.Context, req kernel.Request) (Series, error) {
	s := Series{Base: req.Base, Dir: req.PatchDir}
	names, err := kernel.ReadSeries(req.PatchDir)
	if err != nil {
		return s, err
	}
	for _, n := range names {
		path := n
		if !filepath.IsAbs(n) {
			path = filepath.Join(req.PatchDir, n)
		}
		s.Patches = append(s.Patches, path)
	}
	if len(s.Patches) == 0 {
		return s, fmt.Errorf("%s lists no patch", filepath.Join(req.PatchDir, "series"))
	}
	s.Source, err = kernel.SourceTree(ctx, kernel.Request{Base: req.Base, CacheDir: req.CacheDir, Progress: req.Progress})
	return s, err
}

// output runs a command and returns all that it printed, trimmed.
func output(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := proc.Run(ctx, cmd)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return strings.TrimSpace(said.String()), err
}
