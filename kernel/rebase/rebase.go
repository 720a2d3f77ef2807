// SPDX-License-Identifier: BSD-3-Clause

// Package rebase brings a series of patches to the newest source of its base by
// three-way merges, and leaves to a person what it cannot merge.
package rebase

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"mdlife/internal/filelock"
	"mdlife/internal/usage"
	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// Request says which series [Run] brings to the newest source of its base.
type Request struct {
	// Origin is where the base's source comes from.
	Origin source.Origin
	// Cache is where sources are kept.
	Cache source.Cache
	// PatchDir holds the series.
	PatchDir string
	// Parts are the parts of that series which need each other and are brought along as one;
	// none: PatchDir is a part, or a series without parts.
	Parts []string
	// From is the source that takes the series as it is: a kernel tree, or the
	// version of a source in the cache. "" is the newest one there that does.
	From string
	// Work is where the repository stays if there are conflicts; "" is a place
	// in the cache.
	Work string
}

// Result is the outcome of a rebase.
type Result struct {
	Onto    string  // the source that the series applies to now, like linux-source-7.2_7.2.13-1
	Patches []Patch // in order; none if the series applied already
}

// Patch is a patch and what became of it.
type Patch struct{ Name, Fate string }

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

// Run makes the series apply to the newest source by three-way merges, and
// writes the patches that this changes, either all or none. If the series
// applies already, nothing changes. A [ConflictError] tells where a person is
// needed, and then [Continue].
func Run(ctx context.Context, req Request) (Result, error) {
	req, patches, err := req.load()
	if err != nil {
		return Result{}, err
	}
	candidates, err := req.candidates(ctx)
	if err != nil {
		return Result{}, err
	}
	newest, err := req.Cache.Get(ctx, req.Origin)
	if err != nil {
		return Result{}, err
	}
	st, err := patches.Stage(ctx, newest.Dir)
	if err == nil {
		return Result{Onto: newest.ID}, st.Remove()
	}
	if !errors.As(err, new(series.ApplyError)) {
		return Result{}, err
	}
	old, touched, err := req.choose(ctx, patches, candidates, fmt.Errorf("%s: %w", newest.ID, err))
	if err != nil {
		return Result{}, err
	}
	return req.merge(ctx, patches, touched, old, newest)
}

// load completes the request and reads its series.
func (req Request) load() (Request, series.Series, error) {
	req, err := req.withDefaults()
	if err != nil {
		return req, nil, err
	}
	patches, err := series.Load(req.PatchDir, 0, req.Parts...)
	return req, patches, err
}

// merge rebases in a new repository. It stays only if there is a conflict.
func (req Request) merge(ctx context.Context, patches series.Series, touched []string, old, onto source.Source) (Result, error) {
	lock, err := req.lock(ctx)
	if err != nil {
		return Result{}, err
	}
	defer lock.Close()
	if err := req.checkWork(); err != nil {
		return Result{}, err
	}
	if err := os.MkdirAll(filepath.Dir(req.Work), 0o755); err != nil {
		return Result{}, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(req.Work), unfinished)
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(tmp)
	phase := req.Cache.Progress.Start("merge the series")
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
			return Result{}, err
		}
	}
	return Result{}, err
}

// Continue takes over what a person has made of a conflict, and writes
// the patches as [Run] does. The repository goes when they are written.
func Continue(ctx context.Context, req Request) (Result, error) {
	req, patches, err := req.load()
	if err != nil {
		return Result{}, err
	}
	lock, err := req.lock(ctx)
	if err != nil {
		return Result{}, err
	}
	defer lock.Close()
	repo := mergeRepo{req.Work}
	if !repo.exists() {
		return Result{}, usage.Errorf("there is no rebase to go on with in %s; begin one: %s", req.Work, req.command())
	}
	err = repo.ready(ctx, patches)
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		conflict.Work, conflict.Next = req.Work, req.command("-continue")
	}
	if err != nil {
		return Result{}, err
	}
	done, err := repo.result(ctx, patches, req.PatchDir)
	if err != nil {
		return Result{}, err
	}
	return done, os.RemoveAll(req.Work)
}

// withDefaults fills in and checks req.
func (req Request) withDefaults() (Request, error) {
	var err error
	if req.Cache.Dir, err = filepath.Abs(req.Cache.Dir); err != nil {
		return req, err
	}
	if req.Work == "" {
		req.Work = req.usualWork()
	}
	req.Work, err = filepath.Abs(req.Work)
	return req, err
}

func (req Request) usualWork() string {
	name := req.Origin.Name
	if series := req.series(); series != "" {
		name += "-" + strings.ReplaceAll(series, ",", "-")
	}
	return filepath.Join(req.Cache.Dir, "rebase", name)
}

// series names the part of the base's series that PatchDir is, or its parts, with commas between
// them; "" for a series without parts.
func (req Request) series() string {
	if len(req.Parts) > 0 {
		return strings.Join(req.Parts, ",")
	}
	if name := filepath.Base(req.PatchDir); name != req.Origin.Name && filepath.Base(filepath.Dir(req.PatchDir)) == req.Origin.Name {
		return name
	}
	return ""
}

// command is what to type for another step of this rebase.
func (req Request) command(more ...string) string {
	words := []string{"mdlife rebase -base", req.Origin.Name}
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
func (req Request) lock(ctx context.Context) (*flock.Flock, error) {
	dir := filepath.Dir(req.usualWork())
	lock, err := filelock.Acquire(ctx, filepath.Join(dir, ".lock"), req.Cache.Progress)
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
func (req Request) checkWork() error {
	inside, err := os.ReadDir(req.Work)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(inside) == 0 {
		return nil
	}
	if (mergeRepo{req.Work}).exists() {
		return usage.Errorf("a rebase is under way in %s: go on with it (%s), or remove that directory", req.Work, req.command("-continue"))
	}
	if err != nil {
		return err
	}
	return usage.Errorf("-work %s: it is not empty", req.Work)
}
