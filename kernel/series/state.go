// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// State is what some patches make of a source: the content of each file that they touch, by its
// path in the tree, nil where there is none. All other files are as in the source.
type State map[string][]byte

// States returns what the tree is before the first patch, and after each of them.
func (c Check) States(ctx context.Context) ([]State, error) {
	dir, err := os.MkdirTemp("", "mdlife-states-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	tree := Staged{Dir: dir}
	now := State{}
	states := []State{now}
	for _, p := range c.Patches {
		if err := tree.apply(ctx, c.Source, p); err != nil {
			return nil, err
		}
		files, err := p.Files()
		if err != nil {
			return nil, err
		}
		now = maps.Clone(now)
		for _, f := range files {
			for _, path := range []string{f.OldName, f.NewName} {
				if path == "" {
					continue
				}
				if now[path], err = content(dir, path); err != nil {
					return nil, err
				}
			}
		}
		states = append(states, now)
	}
	return states, nil
}

// Read returns a file's content in the state of a source, nil where there is none.
func (s State) Read(source, path string) ([]byte, error) {
	if text, touched := s[path]; touched {
		return text, nil
	}
	return content(source, path)
}

// content reads a file, which need not be there.
func content(dir, path string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && text == nil {
		text = []byte{}
	}
	return text, err
}

// Paths returns the files with these extensions that the patch touches.
func (p Patch) Paths(extensions ...string) ([]string, error) {
	files, err := p.Files()
	var paths []string
	for _, f := range files {
		for _, path := range []string{f.OldName, f.NewName} {
			if slices.Contains(extensions, filepath.Ext(path)) && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths, err
}
