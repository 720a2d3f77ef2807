// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mdlife/internal/proc"
)

// KernelDoc runs the base's own scripts/kernel-doc on the C files that each patch touches, as they
// are before it and after it. Only what it says after the patch and did not say before it counts,
// wherever in the file that is.
func (c Check) KernelDoc(ctx context.Context) ([]Result, error) {
	dir, err := os.MkdirTemp("", "mdlife-kernel-doc-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	tree := Staged{Dir: dir}
	var results []Result
	for i, p := range c.Patches {
		if i < c.Ground {
			if err := tree.apply(ctx, c.Source, p); err != nil {
				return results, err
			}
			continue
		}
		r := Result{Name: "kernel-doc " + p.Name}
		applied := false
		r.Remembered, err = c.Memory.Once("kernel-doc", []string{filepath.Base(c.Source), c.Patches[:i+1].ID()}, func() error {
			applied = true
			fresh, err := c.newDocWarnings(ctx, &tree, p)
			if r.Detail = strings.Join(fresh, "\n"); err == nil && r.Detail != "" {
				err = errFailed
			}
			return err
		})
		if err == nil && !applied {
			err = tree.apply(ctx, c.Source, p)
		}
		if err != nil && !errors.Is(err, errFailed) {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

// newDocWarnings applies a patch to tree, and returns the warnings that it brings.
func (c Check) newDocWarnings(ctx context.Context, tree *Staged, p Patch) ([]string, error) {
	touched, err := tree.bringAll(c.Source, p)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, f := range touched {
		for _, name := range []string{f.OldName, f.NewName} {
			if ext := filepath.Ext(name); (ext == ".c" || ext == ".h") && !slices.Contains(files, name) {
				files = append(files, name)
			}
		}
	}
	before, err := c.docWarnings(ctx, tree.Dir, files)
	if err != nil {
		return nil, err
	}
	if err := tree.apply(ctx, c.Source, p); err != nil {
		return nil, err
	}
	after, err := c.docWarnings(ctx, tree.Dir, files)
	return onlyIn(after, before), err
}

// docComplaint matches what kernel-doc says of a file, and where.
var docComplaint = regexp.MustCompile(`(?im)^(?:warning: )?(\S+?):(\d+:)? *((?:warning|error): .*|.*\b(?:warning|error)\b.*)$`)

// docWarnings returns what kernel-doc says of those of the files that are in dir, without the
// numbers of lines.
func (c Check) docWarnings(ctx context.Context, dir string, files []string) ([]string, error) {
	script := filepath.Join(c.Source, "scripts", "kernel-doc")
	text, err := os.ReadFile(script)
	if err != nil {
		return nil, err
	}
	args := []string{"-none"}
	if bytes.Contains(text, []byte("Wall")) { // 6.1 has no such option, and says all
		args = append(args, "-Wall")
	}
	var said []string
	for _, file := range files {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			continue // the patch makes or removes it
		}
		cmd := proc.Command(script, append(args, file)...)
		cmd.Dir, cmd.Env = dir, append(cmd.Env, "LC_ALL=C", "PYTHONDONTWRITEBYTECODE=1")
		out, err := output(ctx, cmd)
		found := docComplaint.FindAllStringSubmatch(out, -1)
		if ctx.Err() != nil || err != nil && len(found) == 0 {
			return nil, fmt.Errorf("%s of %s: %w: %s", script, file, err, out)
		}
		for _, m := range found {
			said = append(said, m[1]+": "+m[3])
		}
	}
	return said, nil
}

// onlyIn returns the lines of after that are not in before as often, in order.
func onlyIn(after, before []string) (fresh []string) {
	before = slices.Clone(before)
	for _, line := range after {
		if i := slices.Index(before, line); i >= 0 {
			before = slices.Delete(before, i, i+1)
			continue
		}
		fresh = append(fresh, line)
	}
	return fresh
}
