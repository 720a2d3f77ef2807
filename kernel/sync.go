// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"mdlife/kernel/source"
)

// content is what a slot's source tree must hold: a manifest, and for each
// path where to get the file.
type content struct {
	files source.Manifest
	// from returns the file with the content of path.
	from func(path string) string
	// shared returns a file with that content that never changes and may be
	// linked to, or "".
	shared func(path string) string
}

func (s *slot) manifestFile() string { return s.path("manifest") }

// fill gives the slot its content. A slot that has a source tree gets only
// what differs, with the time of now, so that make rebuilds exactly that. A new
// one is linked, and starts from donor's object tree if there is a donor.
func (s *slot) fill(ctx context.Context, c content, donor *slot) error {
	have := source.LoadManifest(s.manifestFile())
	if _, err := os.Stat(s.src()); err == nil && have != nil {
		return s.update(ctx, c, have)
	}
	return s.create(ctx, c, donor)
}

// create makes the source tree under another name, renames it when it is
// complete, and records what it holds last.
func (s *slot) create(ctx context.Context, c content, donor *slot) error {
	fresh := s.path("src.new")
	if err := errors.Join(os.RemoveAll(s.src()), os.RemoveAll(fresh), os.RemoveAll(s.racepointDir())); err != nil {
		return err
	}
	var donated source.Manifest
	if donor != nil {
		donated = source.LoadManifest(donor.manifestFile())
	}
	for path, e := range c.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		// What is as the donor's keeps the donor's time; anything else must look
		// younger than the donor's objects.
		link := ""
		if donor == nil {
			link = c.shared(path)
		} else if donated[path].Same(e) {
			link = filepath.Join(donor.src(), path)
		}
		if err := place(fresh, path, e, link, c.from(path)); err != nil {
			return err
		}
	}
	s.state = slotState{}
	if donor != nil {
		if err := s.copyObjects(ctx, donor, fresh); err != nil {
			return err
		}
		s.state = donor.state
		s.state.Built, s.state.Lines = "", 0
		s.noteConfigSources(source.Changed(donated, c.files))
	}
	if err := os.MkdirAll(filepath.Join(fresh, "obj"), 0o755); err != nil {
		return err
	}
	if err := s.saveState(); err != nil {
		return err
	}
	if err := os.Rename(fresh, s.src()); err != nil {
		return err
	}
	return c.files.Save(s.manifestFile())
}

// place puts one file into a tree, as a link if there is something to link to.
func place(dir, path string, e source.Entry, link, from string) error {
	to := filepath.Join(dir, path)
	if link != "" {
		err := os.Link(link, to)
		if errors.Is(err, fs.ErrNotExist) {
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			err = os.Link(link, to)
		}
		if err == nil {
			return nil
		}
	}
	return source.CopyChecked(from, to, e)
}

// update brings the source tree from have to c. The paths that are about to
// change are recorded as unknown first: after a crash they are replaced again.
func (s *slot) update(ctx context.Context, c content, have source.Manifest) error {
	changed := source.Changed(have, c.files)
	if len(changed) == 0 {
		return nil
	}
	unknown := maps.Clone(have)
	for _, path := range changed {
		unknown[path] = source.Unknown
	}
	if err := unknown.Save(s.manifestFile()); err != nil {
		return err
	}
	s.state.Built = ""
	s.noteConfigSources(changed)
	if err := s.saveState(); err != nil {
		return err
	}
	for _, path := range changed {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.updateFile(path, c); err != nil {
			return err
		}
	}
	return c.files.Save(s.manifestFile())
}

// updateFile replaces or removes one file of the source tree.
func (s *slot) updateFile(path string, c content) error {
	to := filepath.Join(s.src(), path)
	e, wanted := c.files[path]
	if !wanted {
		err := os.Remove(to)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if info, err := os.Lstat(to); err == nil && info.IsDir() {
		if err := os.RemoveAll(to); err != nil { // was a directory, is a file now
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return source.Replace(c.from(path), to, e)
}

// noteConfigSources forgets the configuration if something that it was made
// from has changed.
func (s *slot) noteConfigSources(changed []string) {
	for _, path := range changed {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "Kconfig") || path == "Makefile" ||
			strings.HasPrefix(path, "scripts/") || strings.Contains(path, "/configs/") {
			s.state.Config = ""
			return
		}
	}
}
