// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mdlife/internal/filelock"
)

// RebaseRequest says which series [Rebase] brings to the newest source of its
// base. Of the Request it wants Base, PatchDir, CacheDir and Progress.
type RebaseRequest struct {
	Request
	// From is the source that takes the series as it is: a kernel tree, or the
	// version of a source in the cache. "" is the newest one there that does.
	From string
	// Work is where the repository stays if there are conflicts; "" is a place
	// in the cache.
	Work string
}

// Rebased tells what a rebase has done.
type Rebased struct {
	Onto    string         // the source that the series applies to now, like linux-source-7.2_7.2.13-1
	Patches []RebasedPatch // in order; none if the series applied already
}

// RebasedPatch is a patch and what became of it.
type RebasedPatch struct{ Name, Fate string }

// The fates of patches.
const (
	FateSame   = "as it was"
	FateMoved  = "moved"  // the same lines in other places
	FateMerged = "merged" // around other lines, or changed by who resolved a conflict
	FateGone   = "gone"   // nothing of it is left to do
)

// ConflictError is a patch that a person has to merge.
type ConflictError struct {
	Patch string
	Files []string // each with what is wrong with it
	Hunks string   // as git diff shows them
	Work  string   // the repository, in the middle of a git rebase
	Next  string   // the command that takes over when that has ended
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("patch %s conflicts: %s", e.Patch, strings.Join(e.Files, "; "))
}

// Rebase makes the series apply to the newest source by three-way merges, and
// writes the patches that this changes, either all or none. If the series
// applies already, nothing changes. A [ConflictError] tells where a person is
// needed, and then [ContinueRebase].
func Rebase(ctx context.Context, req RebaseRequest) (Rebased, error) {
	req, patches, err := req.load()
	if err != nil {
		return Rebased{}, err
	}
	candidates, err := req.candidates(ctx)
	if err != nil {
		return Rebased{}, err
	}
	newest, err := req.source(ctx)
	if err != nil {
		return Rebased{}, err
	}
	st, err := patches.stage(ctx, newest.dir)
	if err == nil {
		return Rebased{Onto: newest.id}, st.remove()
	}
	if !errors.As(err, new(applyError)) {
		return Rebased{}, err
	}
	old, touched, err := req.choose(ctx, patches, candidates, fmt.Errorf("%s: %w", newest.id, err))
	if err != nil {
		return Rebased{}, err
	}
	return req.merge(ctx, patches, touched, old, newest)
}

// load completes the request and reads its series.
func (req RebaseRequest) load() (RebaseRequest, series, error) {
	req, err := req.withDefaults()
	if err != nil {
		return req, nil, err
	}
	patches, err := loadSeries(req.PatchDir, 0)
	return req, patches, err
}

// merge rebases in a new repository. It stays only if there is a conflict.
func (req RebaseRequest) merge(ctx context.Context, patches series, touched []string, old, onto source) (Rebased, error) {
	lock, err := req.lock(ctx)
	if err != nil {
		return Rebased{}, err
	}
	defer lock.Release()
	if err := req.checkWork(); err != nil {
		return Rebased{}, err
	}
	if err := os.MkdirAll(filepath.Dir(req.Work), 0o755); err != nil {
		return Rebased{}, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(req.Work), unfinished)
	if err != nil {
		return Rebased{}, err
	}
	defer os.RemoveAll(tmp)
	phase := req.Progress.Start("merge the series")
	repo := mergeRepo{tmp}
	err = repo.set(ctx, patches, touched, old, onto)
	if err == nil {
		err = repo.rebase(ctx)
	}
	phase.End(err)
	if err == nil {
		return repo.result(ctx, patches, req.PatchDir)
	}
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		conflict.Work, conflict.Next = req.Work, req.command("-continue")
		if err := os.Rename(tmp, req.Work); err != nil {
			return Rebased{}, err
		}
	}
	return Rebased{}, err
}

// ContinueRebase takes over what a person has made of a conflict, and writes
// the patches as [Rebase] does. The repository goes when they are written.
func ContinueRebase(ctx context.Context, req RebaseRequest) (Rebased, error) {
	req, patches, err := req.load()
	if err != nil {
		return Rebased{}, err
	}
	lock, err := req.lock(ctx)
	if err != nil {
		return Rebased{}, err
	}
	defer lock.Release()
	repo := mergeRepo{req.Work}
	if !repo.exists() {
		return Rebased{}, usagef("there is no rebase to go on with in %s; begin one: %s", req.Work, req.command())
	}
	err = repo.ready(ctx, patches)
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		conflict.Work, conflict.Next = req.Work, req.command("-continue")
	}
	if err != nil {
		return Rebased{}, err
	}
	done, err := repo.result(ctx, patches, req.PatchDir)
	if err != nil {
		return Rebased{}, err
	}
	return done, os.RemoveAll(req.Work)
}

// withDefaults fills in and checks req.
func (req RebaseRequest) withDefaults() (RebaseRequest, error) {
	var err error
	if req.Request, err = req.Request.withDefaults(); err != nil {
		return req, err
	}
	if req.Work == "" {
		req.Work = req.usualWork()
	}
	req.Work, err = filepath.Abs(req.Work)
	return req, err
}

func (req RebaseRequest) usualWork() string {
	name := fileName(req.Base.Name)
	if series := req.series(); series != "" {
		name += "-" + series
	}
	return filepath.Join(req.CacheDir, "rebase", name)
}

// series names a series that lies beside the base's first one, "" for that.
func (req RebaseRequest) series() string {
	if name := filepath.Base(req.PatchDir); name != req.Base.Name && filepath.Base(filepath.Dir(req.PatchDir)) == req.Base.Name {
		return name
	}
	return ""
}

// command is what to type for another step of this rebase.
func (req RebaseRequest) command(more ...string) string {
	words := []string{"mdlife rebase -base", req.Base.Name}
	if series := req.series(); series != "" {
		words = append(words, "-series", series)
	}
	words = append(words, more...)
	if req.Work != req.usualWork() {
		words = append(words, "-work", req.Work)
	}
	return strings.Join(words, " ")
}

// unfinished is the pattern of repositories that are being made.
const unfinished = ".mdlife-new-*"

// lock lets one rebase run at a time, and sweeps up after one that was killed.
func (req RebaseRequest) lock(ctx context.Context) (*filelock.Lock, error) {
	dir := filepath.Dir(req.usualWork())
	lock, err := filelock.Acquire(ctx, filepath.Join(dir, ".lock"), req.Progress)
	if err != nil {
		return nil, err
	}
	left, _ := filepath.Glob(filepath.Join(dir, unfinished))
	for _, tmp := range left {
		os.RemoveAll(tmp)
	}
	return lock, nil
}

// checkWork makes sure that nobody's work is in the way.
func (req RebaseRequest) checkWork() error {
	inside, err := os.ReadDir(req.Work)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(inside) == 0 {
		return nil
	}
	if (mergeRepo{req.Work}).exists() {
		return usagef("a rebase is under way in %s: go on with it (%s), or remove that directory", req.Work, req.command("-continue"))
	}
	if err != nil {
		return err
	}
	return usagef("-work %s: it is not empty", req.Work)
}

// offerRebase adds to the error of a series that src does not take how to bring
// the series there. Only what comes from the archive moves by itself, and a
// mutant is for its author to mend.
func (req Request) offerRebase(src source, err error) error {
	var bad applyError
	if !errors.As(err, &bad) || req.Base.Package == "" || req.Extra != "" && bad.patch == filepath.Base(req.Extra) {
		return err
	}
	return fmt.Errorf("%w; if the series was made for another version than %s, bring it along: mdlife rebase -base %s",
		err, src.id, req.Base.Name)
}
