// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"mdlife/internal/checksum"
	"mdlife/kernel/series"
)

// script is one of the kernel's semantic patches that can report.
type script struct {
	name    string // below scripts/coccinelle
	file    string
	options []string
}

var (
	reports       = regexp.MustCompile(`(?m)^virtual\s+report\b`)
	scriptOptions = regexp.MustCompile(`(?m)^//\s*Options:\s*(.*)$`)
)

// scriptsOf are the scripts in scripts/coccinelle.
func scriptsOf(source string) (all []script, err error) {
	err = filepath.WalkDir(filepath.Join(source, "scripts/coccinelle"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".cocci" {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil || !reports.Match(text) {
			return err
		}
		s := script{name: strings.TrimPrefix(file, filepath.Join(source, "scripts/coccinelle")+"/"), file: file}
		if m := scriptOptions.FindSubmatch(text); m != nil {
			s.options = strings.Fields(string(m[1]))
		}
		all = append(all, s)
		return nil
	})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s/scripts/coccinelle has no script that can report", source)
	}
	return all, err
}

// coccinelle has the kernel's scripts look at the C files of a patch. They see the functions that the
// patch touches, and of the others the declarations: a whole file of md takes minutes.
func (k *checker) coccinelle(ctx context.Context, p series.Patch, before, after series.State) (found []warning, asked bool, err error) {
	files, err := p.Files()
	if err != nil {
		return nil, false, err
	}
	for _, f := range files {
		if filepath.Ext(f.NewName) != ".c" {
			continue
		}
		old, err := before.Read(k.Source, f.OldName)
		if err != nil {
			return nil, asked, err
		}
		new, err := after.Read(k.Source, f.NewName)
		if err != nil {
			return nil, asked, err
		}
		oldText, newText := reduce(string(old), string(new), f)
		said, fresh, err := k.scriptsSay(ctx, f.NewName, newText, k.scripts)
		if err == nil {
			err = k.sayFailed(f.NewName, said.Failed)
		}
		if err != nil {
			return nil, asked, err
		}
		// Before the patch, only those count that have said something after it.
		loud := slices.DeleteFunc(slices.Clone(k.scripts), func(s script) bool { return len(said.Says[s.name]) == 0 })
		was, fresher, err := k.scriptsSay(ctx, f.NewName, oldText, loud)
		if err != nil {
			return nil, asked, err
		}
		asked = asked || fresh || fresher
		for _, s := range loud {
			found = append(found, onlyIn(said.Says[s.name], was.Says[s.name])...)
		}
	}
	return found, asked, nil
}

// sayFailed says which scripts were not run to their end on a file. If none was, spatch is at fault.
func (k *checker) sayFailed(name string, failed []string) error {
	switch len(failed) {
	case 0:
		return nil
	case len(k.scripts):
		return fmt.Errorf("none of the %d scripts in %s/scripts/coccinelle was run to its end on %s: does spatch work?", len(failed), k.Source, name)
	}
	k.note("    note  coccinelle: %d of %d scripts were not run to their end on %s: %s", len(failed), len(k.scripts), name, strings.Join(failed, ", "))
	return nil
}

// scriptsSaid is what scripts say of a file, by their names, and which were not run to their end.
type scriptsSaid struct {
	Says   map[string][]warning
	Failed []string
}

// scriptsSay has scripts look at a file, and reports whether one had to be run.
func (k *checker) scriptsSay(ctx context.Context, name, text string, scripts []script) (all scriptsSaid, asked bool, err error) {
	if text == "" || len(scripts) == 0 {
		return all, false, nil
	}
	parts := []string{"2", filepath.Base(k.Source), k.tools["spatch"], name, checksum.Bytes([]byte(text))}
	for _, s := range scripts {
		parts = append(parts, s.name)
	}
	if kept, ok := k.memory.Recall("bots coccinelle", parts); ok && json.Unmarshal(kept, &all) == nil {
		return all, false, nil
	}
	dir, err := os.MkdirTemp(k.place.scratch, "coccinelle-")
	if err != nil {
		return all, true, err
	}
	file := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		return all, true, err
	}
	said, ran := make([][]warning, len(scripts)), make([]bool, len(scripts))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(k.jobs)
	for i, s := range scripts {
		g.Go(func() (err error) {
			said[i], ran[i], err = s.run(gctx, dir, name, filepath.Join(k.Source, filepath.Dir(name)))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return all, true, err
	}
	all.Says = map[string][]warning{}
	for i, s := range scripts {
		if !ran[i] {
			all.Failed = append(all.Failed, s.name)
		}
		if len(said[i]) > 0 {
			all.Says[s.name] = said[i]
		}
	}
	kept, err := json.Marshal(all)
	return all, true, errors.Join(err, k.memory.Keep("bots coccinelle", parts, kept))
}

// scriptTimeout is how many seconds spatch may spend on a file. Of scripts that come to no end a note tells,
// as of those of which this spatch does not understand a word.
const scriptTimeout = "20"

// run has the script look at a file, and reports whether it came to its end. Headers are looked for beside
// the original.
func (s script) run(ctx context.Context, dir, name, headers string) (ws []warning, ran bool, err error) {
	args := append([]string{"-D", "report", "--no-show-diff", "--very-quiet", "--timeout", scriptTimeout, "--cocci-file", s.file}, s.options...)
	out, err := said(ctx, dir, "spatch", append(args, "-I", headers, name)...)
	if ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	// The kernel's coccicheck passes over a script that fails, too.
	return scriptWarnings(out), err == nil, nil
}

// scriptSays matches what a script reports.
var scriptSays = regexp.MustCompile(`^(?:\./)?([^\s:]+\.c):(\d+)(?::\d+)?(?:-\d+)?: (.*)$`)

// otherLine matches numbers of other lines in a report.
var otherLine = regexp.MustCompile(`\b([Ll]ines?) \d+`)

// scriptWarnings reads what spatch has printed.
func scriptWarnings(out string) (ws []warning) {
	for line := range strings.Lines(out) {
		if m := scriptSays.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			ws = append(ws, warning{m[1], m[2], otherLine.ReplaceAllString(m[3], "$1 …")})
		}
	}
	return ws
}
