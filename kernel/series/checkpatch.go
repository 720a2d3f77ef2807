// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"mdlife/internal/checksum"
	"mdlife/internal/proc"
)

// ignored are checkpatch's complaints that do not count: patches are signed off
// by the sender, and whether a commit exists cannot be told without the
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
	tool, err := c.checkpatchID()
	if err != nil {
		return nil, err
	}
	script := filepath.Join(c.Source, "scripts", "checkpatch.pl")
	var results []Result
	for _, p := range c.Own() {
		r := Result{Name: "checkpatch " + p.Name}
		remembered, err := c.Memory.Once("checkpatch", []string{tool, filepath.Base(p.Name), string(p.Text)}, func() error {
			cmd := proc.Command("perl", script, "--strict", "--show-types", "--terse",
				"--no-summary", "--no-signoff", "--ignore", ignored, "--root", c.Source, c.path(p))
			cmd.Dir, cmd.Env = dir, append(cmd.Env, "LC_ALL=C")
			out, err := output(ctx, cmd)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			said := c.withoutKnownNames(p, out)
			if said == "" && out != "" {
				err = nil // it has said no more than that
			}
			if err != nil || said != "" {
				r.Detail = cmp.Or(said, "checkpatch.pl: no word but its exit status")
				return errFailed
			}
			return nil
		})
		if err != nil && !errors.Is(err, errFailed) {
			return nil, err
		}
		r.Remembered = remembered
		results = append(results, r)
	}
	return results, nil
}

// camelCase is a complaint about a name in mixed case.
var camelCase = regexp.MustCompile(`CHECK:CAMELCASE: Avoid CamelCase: <(\w+)>$`)

// withoutKnownNames leaves out the complaints about names in mixed case, such as MaxSector,
// that the pristine files of the patch have already: checkpatch.pl knows those of include/
// alone.
func (c Check) withoutKnownNames(p Patch, said string) string {
	var kept []string
	for _, line := range strings.Split(said, "\n") {
		if m := camelCase.FindStringSubmatch(strings.TrimSpace(line)); m == nil || !c.knows(p, m[1]) {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// knows reports whether a pristine file that the patch changes has the name.
func (c Check) knows(p Patch, name string) bool {
	files, _, err := gitdiff.Parse(bytes.NewReader(p.Text))
	if err != nil {
		return false
	}
	word := regexp.MustCompile(`\b` + name + `\b`)
	return slices.ContainsFunc(files, func(f *gitdiff.File) bool {
		text, err := os.ReadFile(filepath.Join(c.Source, f.OldName))
		return err == nil && word.Match(text)
	})
}

// checkpatchID identifies the script, its word lists and how it is called. It looks
// at the source around it as well, whose directory is named by its content.
func (c Check) checkpatchID() (string, error) {
	parts := []string{ignored, camelCase.String(), filepath.Base(c.Source)}
	for _, name := range []string{"checkpatch.pl", "spelling.txt", "const_structs.checkpatch"} {
		sum, err := checksum.File(filepath.Join(c.Source, "scripts", name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // perl tells better what is missing
			return "", err
		}
		parts = append(parts, sum)
	}
	return strings.Join(parts, " "), nil
}
