// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// buildBase builds a base, with its patches if the variant has them.
func buildBase(ctx context.Context, req Request) (Result, error) {
	src, err := req.source(ctx)
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
func baseJob(ctx context.Context, req Request, src source) (*job, error) {
	j, err := newJob(ctx, req)
	if err != nil {
		return nil, err
	}
	var patches series
	if req.Variant != VariantBase {
		if patches, err = req.patches(); err != nil {
			return nil, err
		}
	}
	j.name = fileName(req.Base.Name) + "-" + string(req.Variant)
	if req.Extra != "" {
		text, err := os.ReadFile(req.Extra)
		if err != nil {
			return nil, err
		}
		patches = append(patches, patch{filepath.Base(req.Extra), text})
		j.name += "-mutant"
	}
	j.slot = j.name
	j.donors = slotsOf(req)
	j.version = func(context.Context) string { return src.version }
	j.inputs = src.id + " " + patches.id()
	j.load = func(ctx context.Context) (content, func(), error) {
		c, done, err := patchedContent(ctx, src, patches)
		return c, done, req.offerRebase(src, err)
	}
	return j, nil
}

// patches loads the request's series, one after the other.
func (req Request) patches() (series, error) {
	patches, err := loadSeries(req.PatchDir, req.Upto)
	if err != nil || req.Upto > 0 || req.Extra != "" {
		return patches, err
	}
	for _, dir := range req.MorePatchDirs {
		more, err := loadSeries(dir, 0)
		if err != nil {
			return nil, err
		}
		patches = append(patches, more...)
	}
	return patches, nil
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
func patchedContent(ctx context.Context, src source, patches series) (content, func(), error) {
	pristine, err := src.manifest(ctx)
	if err != nil {
		return content{}, nil, err
	}
	st, err := patches.stage(ctx, src.dir)
	if err != nil {
		return content{}, nil, err
	}
	done := func() { st.remove() }
	changed, err := scanPaths(ctx, st.dir, st.touched, nil)
	if err != nil {
		done()
		return content{}, nil, err
	}
	files := maps.Clone(pristine)
	for _, path := range st.touched {
		delete(files, path)
	}
	maps.Copy(files, changed)
	inSource := func(path string) string { return filepath.Join(src.dir, path) }
	return content{
		files: files,
		from: func(path string) string {
			if _, ok := changed[path]; ok {
				return filepath.Join(st.dir, path)
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

// manifest returns what the source holds, from a file beside it.
func (src source) manifest(ctx context.Context) (manifest, error) {
	file := src.dir + ".manifest"
	if m := loadManifest(file); m != nil {
		return m, nil
	}
	paths, err := listAll(src.dir)
	if err != nil {
		return nil, err
	}
	m, err := scanPaths(ctx, src.dir, paths, nil)
	if err != nil {
		return nil, err
	}
	return m, m.save(file)
}

// buildTree builds a developer's tree as it stands.
func buildTree(ctx context.Context, req Request) (Result, error) {
	t, err := openTree(ctx, req.Tree)
	if err != nil {
		return Result{}, err
	}
	j, err := newJob(ctx, req)
	if err != nil {
		return Result{}, err
	}
	sum := sha256.Sum256([]byte(t.dir))
	j.slot = "tree-" + hex.EncodeToString(sum[:])[:12]
	j.name = "tree-" + fileName(filepath.Base(t.dir))
	if req.Variant.Slow() > 1 {
		j.slot, j.name = j.slot+"-"+string(req.Variant), j.name+"-"+string(req.Variant)
	}
	j.donors = slices.DeleteFunc(slotsOf(req), func(name string) bool { return name == j.slot })
	files, id, err := req.scanTree(ctx, t, filepath.Join(req.CacheDir, "work", j.slot+".scan"))
	if err != nil {
		return Result{}, err
	}
	j.inputs = "tree " + id
	j.version = func(ctx context.Context) string { return t.version(ctx, id) }
	j.load = func(ctx context.Context) (content, func(), error) {
		return req.treeContent(ctx, t, files)
	}
	return j.do(ctx)
}

// scanTree scans a tree with the help of the last scan, kept in file. It returns
// the tree's manifest and that one's id.
func (req Request) scanTree(ctx context.Context, t tree, file string) (files manifest, id string, err error) {
	phase := req.Progress.Start("look at " + t.dir)
	defer func() { phase.End(err) }()
	if files, err = t.scan(ctx, file); err != nil {
		return nil, "", err
	}
	saved := make(chan error, 1)
	go func() { saved <- files.save(file) }()
	id = files.id()
	return files, id, <-saved
}

// treeContent is a tree's content; what equals the base's source, if that is
// unpacked, can be linked to it.
func (req Request) treeContent(ctx context.Context, t tree, files manifest) (content, func(), error) {
	base, ok := req.unpacked()
	pristine := sync.OnceValue(func() manifest { // of use to a new slot only
		m, err := base.manifest(ctx)
		if err != nil {
			return nil // there is only time to lose
		}
		return m
	})
	return content{
		files: files,
		from:  func(path string) string { return filepath.Join(t.dir, path) },
		shared: func(path string) string {
			if ok && pristine()[path].same(files[path]) {
				return filepath.Join(base.dir, path)
			}
			return ""
		},
	}, func() {}, nil
}
