// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mdlife/internal/proc"
	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// repo is a git repository of the files that a series touches. Tag source has them as they are
// in the source, tag base with a commit more for each patch that the series needs; branch
// series has a commit for each patch of its own.
type repo struct {
	dir    string
	sender mail.Address
}

// git runs git out of reach of the user's settings and repositories.
func (r repo) git(ctx context.Context, args ...string) (string, error) {
	out, err := proc.Output(ctx, proc.ScratchGit(r.dir, args...))
	return string(out), err
}

// all runs one git command after the other.
func (r repo) all(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		if _, err := r.git(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the repository, with the patches of ground below the series.
func (r repo) begin(ctx context.Context, tree string, touched []string, ground series.Series) error {
	err := r.all(ctx, []string{"init", "--quiet", "--initial-branch=series"},
		[]string{"config", "user.name", r.sender.Name},
		[]string{"config", "user.email", r.sender.Address},
		[]string{"config", "commit.gpgSign", "false"},
		[]string{"config", "gc.auto", "0"}) // would go on in the background
	if err != nil {
		return err
	}
	// Git finds the headings of hunks by the kernel's own attributes.
	err = source.CopyEntry(filepath.Join(tree, ".gitattributes"), filepath.Join(r.dir, ".git/info/attributes"), source.Entry{})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	files := series.Staged{Dir: r.dir}
	for _, path := range touched {
		if err := files.Bring(tree, path); err != nil {
			return err
		}
	}
	err = r.all(ctx, []string{"add", "--all", "--force", "."},
		[]string{"commit", "--quiet", "--allow-empty", "--message", "source"}, []string{"tag", "source"})
	for _, p := range ground {
		if err == nil {
			err = r.am(ctx, p)
		}
	}
	if err != nil {
		return err
	}
	return r.all(ctx, []string{"tag", "base"})
}

// am makes a patch a commit.
func (r repo) am(ctx context.Context, p series.Patch) error {
	file := filepath.Join(r.dir, ".git/mdlife-patch")
	if err := os.WriteFile(file, p.Text, 0o644); err != nil {
		return err
	}
	if _, err := r.git(ctx, "am", "--quiet", "--no-3way", "--whitespace=nowarn", file); err != nil {
		return fmt.Errorf("patch %s: %w", p.Name, err)
	}
	return nil
}

// prerequisites are the ids of the patches that the series needs, the first first: they are
// the same whoever has signed these off.
func (r repo) prerequisites(ctx context.Context) ([]string, error) {
	diffs, err := r.git(ctx, "log", "--reverse", "--patch", "--format=commit %H", "source..base")
	if err != nil || diffs == "" {
		return nil, err
	}
	cmd := proc.ScratchGit(r.dir, "patch-id", "--stable")
	cmd.Stdin = strings.NewReader(diffs)
	out, err := proc.Output(ctx, cmd)
	var ids []string
	for line := range strings.Lines(string(out)) {
		id, _, _ := strings.Cut(line, " ")
		ids = append(ids, id)
	}
	return ids, err
}

// add makes a patch a commit that the sender has signed off.
func (r repo) add(ctx context.Context, p series.Patch) error {
	if err := r.am(ctx, p); err != nil {
		return err
	}
	amend := []string{"commit", "--quiet", "--amend", "--no-edit", "--allow-empty", "--signoff"}
	theirs, err := r.signedByAuthor(ctx)
	if err != nil {
		return err
	}
	if !theirs {
		amend = append(amend, "--author="+r.sender.Name+" <"+r.sender.Address+">")
	}
	if _, err := r.git(ctx, amend...); err != nil {
		return fmt.Errorf("patch %s: %w", p.Name, err)
	}
	return nil
}

// signedByAuthor reports whether the last commit's author has signed it off: then it is not one
// of ours, which nobody has, and stays theirs.
func (r repo) signedByAuthor(ctx context.Context) (bool, error) {
	out, err := r.git(ctx, "log", "-1", "--format=%ae%n%(trailers:key=Signed-off-by,valueonly)")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	author := strings.ToLower("<" + lines[0] + ">")
	return slices.ContainsFunc(lines[1:], func(l string) bool { return strings.Contains(strings.ToLower(l), author) }), err
}

// format writes a mail for each commit, and the beginning of a cover letter, which all others
// are answers to.
func (r repo) format(ctx context.Context, dir, prefix string) error {
	return r.all(ctx, []string{"format-patch", "--quiet", "--output-directory=" + dir, "--cover-letter", "--cover-from-description=none",
		"--from", "--numbered", "--thread=shallow", "--zero-commit", "--no-signature", "--abbrev=12", "--subject-prefix=" + prefix, "base..series"})
}

// firstDay is the day on which the oldest of the patches was made.
func (r repo) firstDay(ctx context.Context) (string, error) {
	out, err := r.git(ctx, "log", "--format=%at", "base..series")
	if err != nil {
		return "", err
	}
	var seconds []int64
	for _, word := range strings.Fields(out) {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return "", err
		}
		seconds = append(seconds, n)
	}
	return time.Unix(slices.Min(seconds), 0).UTC().Format("20060102"), nil
}

// try has git am apply the mails, and compares the files with those of the series.
func (r repo) try(ctx context.Context, mails string, staged series.Staged) error {
	files, err := mailFiles(mails)
	if err != nil {
		return err
	}
	err = r.all(ctx, []string{"checkout", "--quiet", "--detach", "base"},
		append([]string{"am", "--quiet", "--no-3way", "--whitespace=nowarn"}, files[1:]...)) // all but the cover letter
	if err != nil {
		return fmt.Errorf("the mails do not apply: %w", err)
	}
	want, err := source.ScanPaths(ctx, staged.Dir, staged.Touched, nil)
	if err != nil {
		return err
	}
	got, err := source.ScanPaths(ctx, r.dir, staged.Touched, nil)
	if err != nil {
		return err
	}
	if differ := source.Changed(want, got); len(differ) > 0 {
		return fmt.Errorf("the mails give other files by git am than the series does: %s; nothing was written", strings.Join(differ, ", "))
	}
	return nil
}

// mailFiles lists the mails of a directory, the cover letter first.
func mailFiles(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err == nil && (len(files) < 2 || filepath.Base(files[0]) != coverLetter) {
		err = fmt.Errorf("not a cover letter and patches were written, but %q", files)
	}
	return files, err
}
