// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// buildBase builds a base, with its patches if the variant has them.
func buildBase(ctx context.Context, req Request) (Result, error) {
	src, err := req.sources().Get(ctx, req.Base.Origin)
	if err != nil {
		return Result{}, err
	}
	j, err := baseJob(ctx, req, src)
	if err != nil {
		return Result{}, err
	}
	if req.Variant == VariantPatched {
		unpatched := req
		unpatched.Variant, unpatched.Extra = VariantBase, ""
		if j.seedFrom, err = baseJob(ctx, unpatched, src); err != nil {
			return Result{}, err
		}
	}
	return j.do(ctx)
}

// baseJob describes the kernel of src and the variant's patches.
func baseJob(ctx context.Context, req Request, src source.Source) (*job, error) {
	j, err := newJob(ctx, req)
	if err != nil {
		return nil, err
	}
	var patches series.Series
	if req.Variant != VariantBase {
		if patches, err = series.Load(req.PatchDir, req.Upto, req.Parts...); err != nil {
			return nil, err
		}
	}
	j.name = fileName(req.Base.Name) + "-" + string(req.Variant)
	if req.Extra != "" {
		text, err := os.ReadFile(req.Extra)
		if err != nil {
			return nil, err
		}
		patches = append(patches, series.Patch{Name: filepath.Base(req.Extra), Text: text})
		j.name += "-mutant"
	}
	j.slot = j.name + req.slotOfParts()
	j.donors = slotsOf(req)
	j.version = func(context.Context) string { return src.Version }
	j.inputs = src.ID + " " + patches.ID()
	j.load = func(ctx context.Context) (content, func(), error) {
		c, done, err := patchedContent(ctx, src, patches)
		return c, done, req.offerRebase(src, err)
	}
	return j, nil
}

// slotOfParts is the end of the slot's name of some parts, "" of all: one part after the
// other in one slot would compile nearly everything anew each time, as one of them changes a
// header that most files have. Where objects are large, there is one slot.
func (req Request) slotOfParts() string {
	if len(req.Parts) == 0 || req.Variant == VariantBase || req.Variant.Slow() > 1 {
		return ""
	}
	return "-" + fileName(strings.Join(req.Parts, "-"))
}

// slotsOf names the base's slots with objects of the request's configuration,
// the most useful first.
func slotsOf(req Request) []string {
	if req.Base.Name == "" {
		return nil
	}
	name := fileName(req.Base.Name)
	if req.Variant.Slow() > 1 { // configured differently
		return []string{name + "-" + string(req.Variant)}
	}
	if req.Extra != "" {
		return []string{name + "-patched", name + "-base"}
	}
	return []string{name + "-base", name + "-patched"}
}

// patchedContent is src with the patches applied.
func patchedContent(ctx context.Context, src source.Source, patches series.Series) (content, func(), error) {
	pristine, err := src.Manifest(ctx)
	if err != nil {
		return content{}, nil, err
	}
	st, err := patches.Stage(ctx, src.Dir)
	if err != nil {
		return content{}, nil, err
	}
	done := func() { st.Remove() }
	changed, err := source.ScanPaths(ctx, st.Dir, st.Touched, nil)
	if err != nil {
		done()
		return content{}, nil, err
	}
	files := maps.Clone(pristine)
	for _, path := range st.Touched {
		delete(files, path)
	}
	maps.Copy(files, changed)
	inSource := func(path string) string { return filepath.Join(src.Dir, path) }
	return content{
		files: files,
		from: func(path string) string {
			if _, ok := changed[path]; ok {
				return filepath.Join(st.Dir, path)
			}
			return inSource(path)
		},
		shared: func(path string) string {
			if _, ok := changed[path]; ok {
				return ""
			}
			return inSource(path)
		},
	}, done, nil
}

// offerRebase adds to the error of a series that src does not take how to bring
// the series there. Only what comes from the archive moves by itself, and a
// mutant is for its author to mend.
func (req Request) offerRebase(src source.Source, err error) error {
	var bad series.ApplyError
	if !errors.As(err, &bad) || req.Base.Package == "" || req.Extra != "" && bad.Patch == filepath.Base(req.Extra) {
		return err
	}
	return fmt.Errorf("%w; if the series was made for another version than %s, bring it along: mdlife rebase -base %s",
		err, src.ID, req.Base.Name)
}
