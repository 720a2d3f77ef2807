// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"mdlife/internal/cachedir"
)

// codeVersion is part of every key: raise it when a change here makes other
// kernels from the same input.
const codeVersion = "1"

// job is one kernel to build, with everything that decides what it will be.
type job struct {
	req      Request
	slot     string   // where to build
	donors   []string // slots whose objects may help
	name     string   // the key's readable part
	config   string   // identifies symbols and compiler
	module   string   // identifies racepoint
	symbols  []symbol
	inputs   string // identifies the source
	version  func(ctx context.Context) string
	load     func(ctx context.Context) (content, func(), error)
	seedFrom *job // to build first if the slot is new and no donor is ready
}

// newJob fills in what all jobs of a variant have in common.
func newJob(ctx context.Context, req Request) (*job, error) {
	symbols, err := symbolsOf(req.Base, req.Variant)
	if err != nil {
		return nil, err
	}
	compiler, err := compilerID(ctx)
	if err != nil {
		return nil, err
	}
	module, err := racepointID()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, codeVersion, compiler)
	for _, s := range symbols {
		fmt.Fprintln(sum, s.line())
	}
	return &job{req: req, symbols: symbols, module: module, config: hex.EncodeToString(sum.Sum(nil))[:20]}, nil
}

// key names the kernel that the job makes.
func (j *job) key() string {
	sum := sha256.Sum256([]byte(j.config + "\n" + j.module + "\n" + j.inputs))
	return j.name + "-" + hex.EncodeToString(sum[:])[:20]
}

// do returns the job's kernel, building it if the store lacks it.
func (j *job) do(ctx context.Context) (Result, error) {
	kernels := store{filepath.Join(j.req.CacheDir, "kernels")}
	if r, ok := kernels.find(j.key()); ok {
		return r, nil
	}
	if err := j.prepareDonor(ctx); err != nil {
		return Result{}, err
	}
	s, err := openSlot(ctx, j.req.CacheDir, j.slot, j.req.Progress)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	if r, ok := kernels.find(j.key()); ok { // built while we waited
		return r, nil
	}
	if err := j.fill(ctx, s); err != nil {
		return Result{}, err
	}
	return j.build(ctx, s, kernels)
}

// prepareDonor builds the kernel whose objects this one starts from, unless
// this one's slot has objects of its own.
func (j *job) prepareDonor(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(j.req.CacheDir, "work", j.slot, "manifest")); err == nil || j.seedFrom == nil {
		return nil
	}
	_, err := j.seedFrom.do(ctx)
	return err
}

// fill brings the sources into the slot, and a finished object tree if the slot
// has none.
func (j *job) fill(ctx context.Context, s *slot) error {
	need := int64(roomBuild)
	if j.req.Variant.Slow() > 1 {
		need = roomDebugBuild
	}
	_, err := os.Stat(s.manifestFile())
	isNew := err != nil
	if isNew {
		if err := cachedir.RoomFor(s.dir, need, "building "+j.name); err != nil {
			return err
		}
	}
	phase := j.req.Progress.Start("source " + j.name)
	c, done, err := j.load(ctx)
	if err == nil {
		defer done()
		var donor *slot
		if isNew {
			donor = j.donor(ctx)
		}
		err = s.fill(ctx, c, donor)
		if donor != nil {
			donor.close()
		}
	}
	phase.End(err)
	return err
}

// donor returns the first slot with finished objects of this configuration. It
// is locked. One that cannot be had is no loss but time.
func (j *job) donor(ctx context.Context) *slot {
	for _, name := range j.donors {
		if _, err := os.Stat(filepath.Join(j.req.CacheDir, "work", name, "manifest")); err != nil {
			continue
		}
		s, err := openSlot(ctx, j.req.CacheDir, name, j.req.Progress)
		if err != nil {
			continue
		}
		if s.state.Built != "" && s.state.Config == j.config {
			return s
		}
		s.close()
	}
	return nil
}

// unsafeName matches what does not belong into a file name.
var unsafeName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// fileName makes a slot or key name of a base's or tree's name.
func fileName(name string) string {
	name = strings.Trim(unsafeName.ReplaceAllString(name, "_"), "._")
	if name == "" {
		return "unnamed"
	}
	return name
}
