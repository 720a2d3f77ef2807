// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gofrs/flock"

	"mdlife/internal/atomicfile"
	"mdlife/internal/filelock"
	"mdlife/internal/progress"
)

// slot is a place to build in: a source tree and its object tree, kept between
// builds so that make does only what changed. The object tree is a direct
// child of the source tree, because Kbuild then writes relative paths and the
// object tree can be copied to another slot.
type slot struct {
	dir   string
	state slotState
	lock  *flock.Flock
}

// slotState is a slot's state.json.
type slotState struct {
	// Config identifies what obj/.config was made from; "" if it has to be
	// made.
	Config string `json:"config"`
	// Built is the key of the kernel that obj holds; "" if make did not end
	// well.
	Built string `json:"built"`
	// FullLines and Lines are what make printed in the last build from
	// nothing and the last build: the estimates for the next.
	FullLines int `json:"full_lines"`
	Lines     int `json:"lines"`
}

func (s *slot) path(name string) string { return filepath.Join(s.dir, name) }
func (s *slot) src() string             { return s.path("src") }
func (s *slot) obj() string             { return s.path("src/obj") }
func (s *slot) log() string             { return s.path("build.log") }
func (s *slot) dirty() string           { return s.path("dirty") }

// openSlot waits for the slot called name, and makes sure that nothing in it is
// left from a build that was killed.
func openSlot(ctx context.Context, cacheDir, name string, track *progress.Tracker) (*slot, error) {
	s := &slot{dir: filepath.Join(cacheDir, "work", name)}
	var err error
	if s.lock, err = filelock.Acquire(ctx, s.path("lock"), track); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(s.path("state.json"))
	if err == nil {
		err = json.Unmarshal(text, &s.state)
	}
	if err != nil {
		s.state = slotState{}
	}
	if err := s.recover(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *slot) close() { s.lock.Close() }

// saveState writes state.json at once.
func (s *slot) saveState() error {
	text, err := json.Marshal(s.state)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(s.path("state.json"), text)
}

// markDirty leaves a marker that only markClean takes away. Everything in the
// object tree that is as young as the marker belongs to a build whose end is
// not known.
func (s *slot) markDirty() error {
	if err := os.WriteFile(s.dirty(), nil, 0o644); err != nil {
		return err
	}
	return errors.Join(syncPath(s.dirty()), syncPath(s.dir))
}

func (s *slot) markClean() error { return os.Remove(s.dirty()) }

// recover deletes racepoint and the objects of a build that was killed or ran out
// of space: a part of an object file beside a valid .cmd file would pass for up to
// date.
// Kconfig's own output stays: it comes into place by renames, and without its
// auto.conf Kconfig would take every symbol for changed.
func (s *slot) recover() error {
	marker, err := os.Stat(s.dirty())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.state.Config, s.state.Built = "", ""
	if err := s.saveState(); err != nil {
		return err
	}
	if err := os.RemoveAll(s.racepointDir()); err != nil {
		return err
	}
	since := marker.ModTime().UnixNano()
	err = filepath.WalkDir(s.obj(), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path == filepath.Join(s.obj(), "include/config") {
				return fs.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		if d.Name() != "autoconf.h" && (stat.Mtim.Nano() >= since || stat.Ctim.Nano() >= since) {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.markClean()
}
