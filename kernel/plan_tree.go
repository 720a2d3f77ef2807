// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"sync"

	"mdlife/kernel/source"
)

// buildTree builds a developer's tree as it stands.
func buildTree(ctx context.Context, req Request) (Result, error) {
	t, err := source.OpenTree(ctx, req.Tree)
	if err != nil {
		return Result{}, err
	}
	j, err := newJob(ctx, req)
	if err != nil {
		return Result{}, err
	}
	sum := sha256.Sum256([]byte(t.Dir))
	j.slot = "tree-" + hex.EncodeToString(sum[:])[:12]
	j.name = "tree-" + fileName(filepath.Base(t.Dir))
	if req.Variant.Slow() > 1 {
		j.slot, j.name = j.slot+"-"+string(req.Variant), j.name+"-"+string(req.Variant)
	}
	j.donors = slices.DeleteFunc(slotsOf(req), func(name string) bool { return name == j.slot })
	files, id, err := req.scanTree(ctx, t, filepath.Join(req.CacheDir, "work", j.slot+".scan"))
	if err != nil {
		return Result{}, err
	}
	j.inputs = "tree " + id
	j.version = func(ctx context.Context) string { return t.Version(ctx, id) }
	j.load = func(ctx context.Context) (content, func(), error) {
		return req.treeContent(ctx, t, files)
	}
	return j.do(ctx)
}

// scanTree scans a tree with the help of the last scan, kept in file. It returns
// the tree's manifest and that one's id.
func (req Request) scanTree(ctx context.Context, t source.Tree, file string) (files source.Manifest, id string, err error) {
	phase := req.Progress.Start("look at " + t.Dir)
	defer func() { phase.End(err) }()
	if files, err = t.Scan(ctx, file); err != nil {
		return nil, "", err
	}
	saved := make(chan error, 1)
	go func() { saved <- files.Save(file) }()
	id = files.ID()
	return files, id, <-saved
}

// treeContent is a tree's content; what equals the base's source, if that is
// unpacked, can be linked to it.
func (req Request) treeContent(ctx context.Context, t source.Tree, files source.Manifest) (content, func(), error) {
	base, ok := req.sources().Unpacked(req.Base.Origin)
	pristine := sync.OnceValue(func() source.Manifest { // of use to a new slot only
		m, err := base.Manifest(ctx)
		if err != nil {
			return nil // there is only time to lose
		}
		return m
	})
	return content{
		files: files,
		from:  func(path string) string { return filepath.Join(t.Dir, path) },
		shared: func(path string) string {
			if ok && pristine()[path].Same(files[path]) {
				return filepath.Join(base.Dir, path)
			}
			return ""
		},
	}, func() {}, nil
}
