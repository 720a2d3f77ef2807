// SPDX-License-Identifier: BSD-3-Clause

package rebase

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mdlife/internal/proc"
	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// mergeRepo is a git repository of the files that a series touches. Tag old
// has them as in the source that takes the series, tag before the series on
// top of it, and tag new has the files as in the source that must take it.
// Branch series goes from before to new. Each commit's note, which git carries
// along in a rebase, is the name of its patch.
type mergeRepo struct{ dir string }

// git runs git out of reach of the user's settings.
func (r mergeRepo) git(ctx context.Context, args ...string) (string, error) {
	out, err := proc.Output(ctx, proc.ScratchGit(r.dir, args...))
	return string(out), err
}

// line is git for a command that prints one line.
func (r mergeRepo) line(ctx context.Context, args ...string) (string, error) {
	out, err := r.git(ctx, args...)
	return strings.TrimSpace(out), err
}

// all runs one git command after the other.
func (r mergeRepo) all(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		if _, err := r.git(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// set makes the repository. The settings are for who resolves a conflict, too.
func (r mergeRepo) set(ctx context.Context, patches series.Series, touched []string, old, onto source.Source) error {
	err := r.all(ctx, []string{"init", "--quiet", "--initial-branch=series"},
		[]string{"config", "user.name", "mdlife"},
		[]string{"config", "user.email", "mdlife@localhost"},
		[]string{"config", "commit.gpgSign", "false"},
		[]string{"config", "gc.auto", "0"}, // would go on in the background
		[]string{"config", "notes.rewriteRef", "refs/notes/commits"},
		[]string{"config", "notes.rewriteMode", "ignore"}, // a dropped commit's note would go to the one before
		[]string{"config", "merge.conflictStyle", "diff3"},
		[]string{"config", "mdlife.onto", onto.ID},
		[]string{"config", "mdlife.series", patches.ID()})
	if err != nil {
		return err
	}
	// Git finds the headings of hunks by the kernel's own attributes.
	err = source.CopyEntry(filepath.Join(onto.Dir, ".gitattributes"), filepath.Join(r.dir, ".git/info/attributes"), source.Entry{})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := r.commit(ctx, "old", touched, old); err != nil {
		return err
	}
	if err := r.am(ctx, patches); err != nil {
		return err
	}
	if err := r.all(ctx, []string{"tag", "before"}, []string{"checkout", "--quiet", "--detach", "old"}); err != nil {
		return err
	}
	return r.commit(ctx, "new", touched, onto)
}

// commit makes src's files a commit with a tag.
func (r mergeRepo) commit(ctx context.Context, tag string, touched []string, src source.Source) error {
	st := series.Staged{Dir: r.dir}
	for _, path := range touched {
		if err := os.RemoveAll(filepath.Join(r.dir, path)); err != nil {
			return err
		}
		if err := st.Bring(src.Dir, path); err != nil {
			return err
		}
	}
	return r.all(ctx, []string{"add", "--all", "--force", "."},
		[]string{"commit", "--quiet", "--allow-empty", "--message", src.ID}, []string{"tag", tag})
}

// am makes each patch a commit.
func (r mergeRepo) am(ctx context.Context, patches series.Series) error {
	for _, p := range patches {
		file := filepath.Join(r.dir, ".git/mdlife-patch")
		if err := os.WriteFile(file, p.Text, 0o644); err != nil {
			return err
		}
		err := r.all(ctx, []string{"am", "--quiet", "--no-3way", "--whitespace=nowarn", file},
			[]string{"notes", "add", "--message", p.Name})
		if err != nil {
			return fmt.Errorf("patch %s: %w", p.Name, err)
		}
	}
	return nil
}

// rebase brings the branch onto the new source. Patches of which nothing is
// left are dropped.
func (r mergeRepo) rebase(ctx context.Context) error {
	_, err := r.git(ctx, "rebase", "--quiet", "--reapply-cherry-picks", "--empty=drop", "--onto", "new", "old", "series")
	if err == nil || ctx.Err() != nil {
		return err
	}
	if conflict := r.conflict(ctx); conflict != nil {
		return conflict
	}
	return err
}

// unmerged says what git's two letters for an unmerged file mean in a rebase.
var unmerged = map[string]string{
	"UU": "the patch and the new source change the same lines",
	"AA": "the patch makes it, and the new source has another",
	"DU": "the patch changes it, the new source has it no more",
	"UD": "the patch removes it, the new source has changed it",
}

// conflict describes the unmerged files, if any, as a [ConflictError].
func (r mergeRepo) conflict(ctx context.Context) error {
	status, err := r.git(ctx, "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return err
	}
	e := &ConflictError{}
	for line := range strings.Lines(status) {
		state, path := line[:2], strings.TrimSpace(line[2:])
		if what, ok := unmerged[state]; ok {
			e.Files = append(e.Files, path+": "+what)
		} else if strings.Contains(state, "U") || state == "DD" {
			e.Files = append(e.Files, path+": the patch and the new source rename it differently")
		}
	}
	if len(e.Files) == 0 {
		return nil
	}
	if e.Patch, err = r.line(ctx, "notes", "show", "REBASE_HEAD"); err != nil {
		return err
	}
	if e.Hunks, err = r.git(ctx, "diff"); err != nil {
		return err
	}
	return e
}

// exists tells whether dir is such a repository.
func (r mergeRepo) exists() bool {
	text, err := os.ReadFile(filepath.Join(r.dir, ".git/config"))
	return err == nil && strings.Contains(string(text), "[mdlife]")
}

// ready makes sure that a person has ended the rebase, and well.
func (r mergeRepo) ready(ctx context.Context, patches series.Series) error {
	was, err := r.line(ctx, "config", "mdlife.series")
	if err != nil {
		return err
	}
	if was != patches.ID() {
		return fmt.Errorf("the patches have changed since the rebase in %s began; remove that directory and begin again", r.dir)
	}
	if err := r.conflict(ctx); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(r.dir, ".git/rebase-merge")); err == nil {
		return fmt.Errorf("the rebase in %s has not ended: git rebase --continue there", r.dir)
	}
	dirty, err := r.git(ctx, "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return err
	}
	if dirty != "" {
		return fmt.Errorf("%s holds changes that are not committed; git commit --amend or git restore them there", r.dir)
	}
	if _, err := r.git(ctx, "merge-base", "--is-ancestor", "new", "series"); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("the rebase in %s was given up; remove that directory and begin again", r.dir)
	}
	return nil
}

// patches formats the commits of a range, by the names of their patches.
func (r mergeRepo) patches(ctx context.Context, commits string, names []string) (map[string]string, error) {
	list, err := r.git(ctx, "rev-list", "--reverse", commits)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, id := range strings.Fields(list) {
		name, err := r.line(ctx, "notes", "show", id)
		if ctx.Err() != nil {
			return nil, err
		}
		if _, twice := texts[name]; err != nil || twice || !slices.Contains(names, name) {
			return nil, fmt.Errorf("commit %s in %s is not one of the series' patches; make each patch one commit again", id[:12], r.dir)
		}
		text, err := r.git(ctx, "format-patch", "--stdout", "--zero-commit", "-N", "--no-signature", "--abbrev=9", "-1", id)
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	return texts, nil
}
