// SPDX-License-Identifier: BSD-3-Clause

// Package post writes a part of a base's series as mails, for git send-email or b4: signed off
// by who posts them, addressed to whom the kernel's own scripts/get_maintainer.pl names, and
// with a cover letter. It posts nothing itself.
package post

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"golang.org/x/sys/unix"

	"mdlife/internal/proc"
	"mdlife/internal/progress"
	"mdlife/internal/usage"
	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// Request says what [Write] writes.
type Request struct {
	Source   string       // the base's source, a pristine kernel tree; never written to
	Base     string       // the base's name
	Part     series.Part  // which patches
	To       string       // directory to write, which is not there or empty
	Sender   mail.Address // who posts them and signs them off; see [ParseSender]
	Commit   string       // the commit that they are based on; "" is the tag of the source's release
	Measured string       // what the cover letter says of a run of the tests; "" is nothing
	Progress *progress.Tracker
}

// Posting is what [Write] has written.
type Posting struct {
	Dir      string // absolute
	Patches  int    // beside the cover letter
	Commit   string // that they are based on, or a tag
	ChangeID string
	// Prerequisites are the ids of the patches, by git patch-id --stable, that the part needs.
	Prerequisites []string
	To, Cc        []mail.Address // of the cover letter: of all patches together
}

// coverLetter is the name of a cover letter, as git format-patch has it.
const coverLetter = "0000-cover-letter.patch"

// Write writes the mails, all or none: they get their directory by one rename. It makes sure
// that git am makes of them what the series makes of the source.
func Write(ctx context.Context, req Request) (Posting, error) {
	if err := req.Check(); err != nil {
		return Posting{}, err
	}
	to, err := emptyDir(req.To)
	if err != nil {
		return Posting{}, err
	}
	patches, err := series.Load(req.Part.Dir, 0)
	if err != nil {
		return Posting{}, err
	}
	letter, err := readLetter(req.Part.Dir, len(patches))
	if err != nil {
		return Posting{}, err
	}
	mails, err := os.MkdirTemp(filepath.Dir(to), ".mdlife-new-*")
	if err != nil {
		return Posting{}, err
	}
	defer os.RemoveAll(mails)
	done, err := req.fill(ctx, mails, patches, letter)
	if err != nil {
		return Posting{}, err
	}
	done.Dir = to
	if err := os.Chmod(mails, 0o755); err != nil {
		return Posting{}, err
	}
	if err := ctx.Err(); err != nil {
		return Posting{}, err
	}
	return done, unix.Rename(mails, to) // over an empty directory as well
}

// wholeCommit matches the name of a commit as mails want it: all of it.
var wholeCommit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Check refuses what cannot be written; [Write] does so, too, but wants a source.
func (req Request) Check() error {
	if req.Commit != "" && !wholeCommit.MatchString(req.Commit) {
		return usage.Errorf("-base-commit %s: want all 40 digits of a commit, as git rev-parse v7.2^{commit} prints them", req.Commit)
	}
	if _, err := ParseSender(req.Sender.String()); err != nil {
		return err
	}
	if _, err := emptyDir(req.To); err != nil {
		return err
	}
	return proc.Require("git", "perl")
}

// emptyDir returns the absolute path of a directory that is not there or empty. The folder
// around it must be there.
func emptyDir(dir string) (string, error) {
	if dir == "" {
		return "", usage.Errorf("-to: want a directory to write the mails to")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	inside, err := os.ReadDir(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, err := os.Stat(filepath.Dir(abs)); err != nil || !info.IsDir() {
			return "", usage.Errorf("-to %s: there is no folder %s; make it first", dir, filepath.Dir(abs))
		}
		return abs, nil
	case errors.Is(err, unix.ENOTDIR):
		return "", usage.Errorf("-to %s: it is no directory; choose a new name", dir)
	case err != nil:
		return "", err
	case len(inside) > 0:
		return "", usage.Errorf("-to %s: it is not empty; choose a new directory", dir)
	}
	return filepath.EvalSymlinks(abs)
}

// fill writes all mails into a directory and tries them.
func (req Request) fill(ctx context.Context, mails string, patches series.Series, letter letter) (Posting, error) {
	scratch, err := os.MkdirTemp("", "mdlife-post-")
	if err != nil {
		return Posting{}, err
	}
	defer os.RemoveAll(scratch)
	tag, err := source.ReleaseTag(req.Source)
	if err != nil {
		return Posting{}, err
	}
	ground, err := req.ground()
	if err != nil {
		return Posting{}, err
	}
	staged, err := slices.Concat(ground, patches).Stage(ctx, req.Source)
	if err != nil {
		return Posting{}, fmt.Errorf("%s must apply to %s, after the parts that it needs and no others (mdlife check tells more): %w", req.Part.Dir, req.Source, err)
	}
	defer staged.Remove()
	r := repo{dir: scratch, sender: req.Sender}
	if err := r.begin(ctx, req.Source, staged.Touched, ground); err != nil {
		return Posting{}, err
	}
	if err := req.format(ctx, r, mails, patches, letter.prefix); err != nil {
		return Posting{}, err
	}
	done := Posting{Patches: len(patches), Commit: req.Commit}
	if done.Commit == "" {
		done.Commit = tag
	}
	if done.ChangeID, err = req.changeID(ctx, r, letter); err != nil {
		return Posting{}, err
	}
	if done.Prerequisites, err = r.prerequisites(ctx); err != nil {
		return Posting{}, err
	}
	letter.body += req.measured()
	letter.end = fmt.Sprintf("Made on %s, Debian's %s.\n\n%s", filepath.Base(req.Source), tag, done.trailer())
	if err := letter.writeInto(filepath.Join(mails, coverLetter), req.Sender); err != nil {
		return Posting{}, err
	}
	if done.To, done.Cc, err = req.address(ctx, mails, scratch); err != nil {
		return Posting{}, err
	}
	return done, req.try(ctx, r, mails, staged)
}

// ground are the patches of the parts that the part needs. Its cover letter must name these.
func (req Request) ground() (series.Series, error) {
	results, err := req.Part.CheckLetter()
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		if !r.OK() {
			return nil, errors.New(r.Detail)
		}
	}
	var ground series.Series
	for _, needed := range req.Part.Needs {
		patches, err := series.Load(needed.Dir, 0)
		if err != nil {
			return nil, err
		}
		ground = append(ground, patches...)
	}
	return ground, nil
}

// trailer is the end of the cover letter, as git format-patch --base and b4 have it.
func (p Posting) trailer() string {
	text := "base-commit: " + p.Commit + "\n"
	for _, id := range p.Prerequisites {
		text += "prerequisite-patch-id: " + id + "\n"
	}
	return text + "change-id: " + p.ChangeID + "\n"
}

// measured is what was measured, as a part of the cover letter.
func (req Request) measured() string {
	if req.Measured == "" {
		return ""
	}
	return "\n\n" + req.Measured
}

// format makes the patches commits of the sender, and mails of the commits.
func (req Request) format(ctx context.Context, r repo, mails string, patches series.Series, prefix string) error {
	phase := req.Progress.Start("sign off " + filepath.Base(req.Part.Dir))
	var err error
	for i, p := range patches {
		if err == nil {
			phase.Step(i, len(patches))
			err = r.add(ctx, p)
		}
	}
	if err == nil {
		err = r.format(ctx, mails, prefix)
	}
	phase.End(err)
	return err
}

// try makes sure that git am of the mails gives the files that the series gives.
func (req Request) try(ctx context.Context, r repo, mails string, staged series.Staged) error {
	phase := req.Progress.Start("try the mails")
	err := r.try(ctx, mails, staged)
	phase.End(err)
	return err
}
