// SPDX-License-Identifier: BSD-3-Clause

// Package kernel turns Debian's kernel source, or a developer's tree, into
// kernels that the tests boot: it fetches and unpacks the source, applies a
// series of patches, makes a configuration from the fragments in config/,
// builds, and keeps the results in a cache by content. It knows no QEMU.
//
// The cache directory holds
//
//	debian/         an apt of our own, see package debian
//	src/ID/         unpacked sources, never changed once they are there
//	work/SLOT/      a source tree that follows the patches or the developer's
//	                tree, with its object tree in src/obj; one build at a time
//	kernels/KEY/    finished kernels, never changed once they are there
//	rebase/BASE-PART/  a git repository in which a rebase of this part of the
//	                series has met a conflict, for a person to go on with
package kernel

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"

	"mdlife/internal/cachedir"
	"mdlife/internal/progress"
	"mdlife/internal/usage"
	"mdlife/kernel/source"
)

// Variant says which kernel to build from a base.
type Variant string

// The variants. Base is the source as it comes; all others have the series.
// Debug has KASAN, PROVE_LOCKING and more, KCSAN looks for data races,
// Modular is Debug with md and its personalities as modules, and RAID6 measures its
// RAID-6 code at boot, and runs KUnit's tests of it, where it has any.
const (
	VariantBase    Variant = "base"
	VariantPatched Variant = "patched"
	VariantDebug   Variant = "debug"
	VariantKCSAN   Variant = "kcsan"
	VariantModular Variant = "modular"
	VariantRAID6   Variant = "raid6"
)

// Variants lists all variants.
func Variants() []Variant {
	return []Variant{VariantBase, VariantPatched, VariantDebug, VariantKCSAN, VariantModular, VariantRAID6}
}

// Slow is roughly how many times slower than a plain kernel the variant runs.
func (v Variant) Slow() int {
	switch v {
	case VariantBase, VariantPatched:
		return 1
	}
	return 8
}

// Request says what [Build] builds.
type Request struct {
	// Base is the source to start from, see [FindBase].
	Base Base
	// Variant chooses patches and configuration; "" is [VariantBase].
	Variant Variant
	// PatchDir holds the series for the patched and debug variants. The base
	// variant ignores it.
	PatchDir string
	// Parts are the parts of that series to take; none are all of them.
	Parts []string
	// Upto limits the series, or these parts of it, to the first Upto patches; 0 is all
	// of them.
	Upto int
	// Extra is a patch file to apply on top of the series, such as a mutant;
	// "" is none.
	Extra string
	// Tree, if not empty, is a kernel tree that is built as it stands,
	// uncommitted edits included, instead of Base and its patches. It is only
	// read. If Base's source is in the cache, what equals it is not copied.
	Tree string
	// CacheDir is where everything is kept; "" is [cachedir.Dir]'s answer.
	CacheDir string
	// Jobs is make's -j; 0 is one for each processor.
	Jobs int
	// Progress, if not nil, is told about the phases.
	Progress *progress.Tracker
}

// Result is a finished kernel.
type Result struct {
	Dir     string `json:"-"`       // holds bzImage, vmlinux, .config, build.log and modules/, with racepoint.ko
	Key     string `json:"key"`     // of everything that went in; Dir's last element
	Release string `json:"release"` // uname -r
	Version string `json:"version"` // of the source: a Debian version, a checksum or git describe
	Cached  bool   `json:"-"`       // nothing was built
}

// Modules returns the paths of the modules that the kernel was built with, in
// order; our own racepoint is not among them.
func (r Result) Modules() ([]string, error) {
	var files []string
	root := filepath.Join(r.Dir, "modules", "lib")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == root {
			return nil // all is built in
		}
		if err == nil && filepath.Ext(path) == ".ko" {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// Build returns the kernel that req describes, from the cache if it is there.
// Two runs that want the same kernel build it once: the second waits. When ctx
// ends, make is interrupted and awaited; what it had finished is kept.
func Build(ctx context.Context, req Request) (Result, error) {
	req, err := req.withDefaults()
	if err != nil {
		return Result{}, err
	}
	if err := checkTools(ctx); err != nil { // before the source is fetched, which takes longer
		return Result{}, err
	}
	if req.Tree != "" {
		return buildTree(ctx, req)
	}
	return buildBase(ctx, req)
}

// Key returns the key of the kernel that [Build] would make of a base: it names the
// content of the source, the patches, the configuration and the compiler.
func Key(ctx context.Context, req Request) (string, error) {
	req, err := req.withDefaults()
	if err != nil {
		return "", err
	}
	src, err := req.sources().Get(ctx, req.Base.Origin)
	if err != nil {
		return "", err
	}
	j, err := baseJob(ctx, req, src)
	if err != nil {
		return "", err
	}
	return j.key(), nil
}

// withDefaults fills in and checks req.
func (req Request) withDefaults() (Request, error) {
	if req.Variant == "" {
		req.Variant = VariantBase
	}
	if !slices.Contains(Variants(), req.Variant) {
		return req, usage.Errorf("no kernel variant %q; there are %v", req.Variant, Variants())
	}
	if req.Jobs <= 0 {
		req.Jobs = runtime.NumCPU()
	}
	if req.Upto < 0 {
		return req, usage.Errorf("cannot apply the first %d patches", req.Upto)
	}
	var err error
	if req.CacheDir == "" {
		if req.CacheDir, err = cachedir.Dir(); err != nil {
			return req, err
		}
	}
	req.CacheDir, err = filepath.Abs(req.CacheDir)
	return req, err
}

// SourceTree returns the directory of the base's source as it comes from the
// archive, after fetching and unpacking it if needed. The tree is shared by
// all runs and must not be written to.
func SourceTree(ctx context.Context, req Request) (string, error) {
	req, err := req.withDefaults()
	if err != nil {
		return "", err
	}
	src, err := req.sources().Get(ctx, req.Base.Origin)
	return src.Dir, err
}

// sources is where the request's sources are kept.
func (req Request) sources() source.Cache {
	return source.Cache{Dir: req.CacheDir, Progress: req.Progress}
}
