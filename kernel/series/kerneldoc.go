// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"mdlife/internal/checksum"
	"mdlife/internal/proc"
	"mdlife/internal/remember"
)

// KernelDoc runs the base's own scripts/kernel-doc on the C files that each patch touches, as they
// are before it and after it. Only what it says after the patch and did not say before it counts,
// wherever in the file that is. What it says of a content is kept, so that each is read once.
func (c Check) KernelDoc(ctx context.Context) ([]Result, error) {
	states, err := c.States(ctx)
	if err != nil {
		return nil, err
	}
	d, err := newDocs(c)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(d.dir)
	patches := make([]documented, len(c.Own()))
	for i, p := range c.Own() {
		if patches[i], err = d.documented(p, states[c.Ground+i], states[c.Ground+i+1]); err != nil {
			return nil, err
		}
	}
	if err := d.readAll(ctx); err != nil {
		return nil, err
	}
	var results []Result
	for i, p := range c.Own() {
		r := Result{Name: "kernel-doc " + p.Name}
		before, after := d.said(patches[i].before), d.said(patches[i].after)
		r.Detail = strings.Join(onlyIn(after, before), "\n")
		r.Remembered = r.OK() && !slices.ContainsFunc(slices.Concat(patches[i].before, patches[i].after), func(x docFile) bool { return d.fresh[x] })
		results = append(results, r)
	}
	return results, nil
}

// documented are the files that a patch touches, before it and after it.
type documented struct{ before, after []docFile }

// docFile is a file's name and content.
type docFile struct{ path, text string }

// docs runs kernel-doc on files.
type docs struct {
	script, source, dir string
	args                []string
	memory              remember.Memory

	mu    sync.Mutex
	files map[docFile][]string // what kernel-doc says of each
	fresh map[docFile]bool     // it was asked now
}

// newDocs prepares a directory for the files.
func newDocs(c Check) (*docs, error) {
	d := &docs{script: filepath.Join(c.Source, "scripts", "kernel-doc"), source: filepath.Base(c.Source), args: []string{"-none"},
		memory: c.Memory, files: map[docFile][]string{}, fresh: map[docFile]bool{}}
	text, err := os.ReadFile(d.script)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(text, []byte("Wall")) { // 6.1 has no such option, and says all
		d.args = append(d.args, "-Wall")
	}
	if bytes.HasPrefix(text, []byte("#!/usr/bin/env python3")) {
		if err := proc.Require("python3"); err != nil {
			return nil, fmt.Errorf("kernel-doc: %w", err)
		}
	}
	d.dir, err = os.MkdirTemp("", "mdlife-kernel-doc-")
	return d, err
}

// documented notes the C files of a patch, in both states.
func (d *docs) documented(p Patch, before, after State) (documented, error) {
	var all documented
	paths, err := p.Paths(".c", ".h")
	for _, path := range paths {
		for _, side := range []struct {
			state State
			files *[]docFile
		}{{before, &all.before}, {after, &all.after}} {
			text, err := side.state.Read(filepath.Dir(filepath.Dir(d.script)), path)
			if err != nil {
				return all, err
			}
			if text != nil {
				x := docFile{path, string(text)}
				*side.files = append(*side.files, x)
				d.files[x] = nil
			}
		}
	}
	return all, err
}

// readAll has kernel-doc read all files, as many at a time as there are processors.
func (d *docs) readAll(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	all := make([]docFile, 0, len(d.files))
	for x := range d.files {
		all = append(all, x)
	}
	for i, x := range all {
		g.Go(func() error {
			said, fresh, err := d.read(ctx, x, i)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.files[x], d.fresh[x] = said, fresh
			return err
		})
	}
	return g.Wait()
}

// said is what kernel-doc says of files.
func (d *docs) said(files []docFile) (all []string) {
	for _, x := range files {
		all = append(all, d.files[x]...)
	}
	return all
}

// docComplaint matches what kernel-doc says of a file, and where.
var docComplaint = regexp.MustCompile(`(?im)^(?:warning: )?(\S+?):(\d+:)? *((?:warning|error): .*|.*\b(?:warning|error)\b.*)$`)

// read returns what kernel-doc says of the n-th file, without the numbers of lines, and whether it
// had to be asked.
func (d *docs) read(ctx context.Context, x docFile, n int) (said []string, fresh bool, err error) {
	parts := append([]string{d.source, docComplaint.String(), x.path, checksum.Bytes([]byte(x.text))}, d.args...)
	if kept, ok := d.memory.Recall("kernel-doc of a file", parts); ok && json.Unmarshal(kept, &said) == nil {
		return said, false, nil
	}
	dir := filepath.Join(d.dir, fmt.Sprint(n))
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(x.path)), 0o755); err != nil {
		return nil, true, err
	}
	if err := os.WriteFile(filepath.Join(dir, x.path), []byte(x.text), 0o644); err != nil {
		return nil, true, err
	}
	cmd := proc.Command(d.script, append(d.args, x.path)...)
	cmd.Dir, cmd.Env = dir, append(cmd.Env, "LC_ALL=C", "PYTHONDONTWRITEBYTECODE=1")
	out, err := output(ctx, cmd)
	found := docComplaint.FindAllStringSubmatch(out, -1)
	if ctx.Err() != nil || err != nil && len(found) == 0 {
		return nil, true, fmt.Errorf("%s of %s: %w: %s", d.script, x.path, err, out)
	}
	for _, m := range found {
		said = append(said, m[1]+": "+m[3])
	}
	kept, err := json.Marshal(said)
	return said, true, errors.Join(err, d.memory.Keep("kernel-doc of a file", parts, kept))
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
