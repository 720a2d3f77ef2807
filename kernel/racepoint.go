// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"mdlife/internal/proc"
	"mdlife/kernel/source"
)

// Racepoint is where a kernel's directory has the module racepoint, which holds
// tasks at chosen places so that tests can force races; see racepoint/point.c.
const Racepoint = "modules/racepoint.ko"

//go:embed racepoint
var racepointSource embed.FS

// racepointID identifies the module's source.
func racepointID() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(racepointSource, "racepoint", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := racepointSource.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:20], err
}

// racepointDir is where the module is built: beside the trees, of which it
// changes nothing.
func (s *slot) racepointDir() string { return s.path("racepoint") }

// makeWithRacepoint makes the kernel and the module. The module has all it needs
// once the kernel's linking begins, which keeps one processor busy only.
func (m *maker) makeWithRacepoint(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	begun := make(chan struct{})
	m.onLink = sync.OnceFunc(func() { close(begun) })
	module := make(chan error)
	go func() {
		select {
		case <-ctx.Done():
			module <- nil
			return
		case <-begun:
		}
		err := m.buildRacepoint(ctx)
		if err != nil {
			cancel(err)
		}
		module <- err
	}()
	// Modules also where nothing is one: it makes what racepoint is linked with.
	err := m.run(ctx, "bzImage", "modules")
	if err != nil {
		cancel(err)
	} else {
		m.onLink() // nothing was linked
	}
	return firstError(ctx, err, <-module)
}

// firstError returns the error of two makes that ended both, and nothing about
// one that only had to end because of the other, unless it left files cut off.
func firstError(ctx context.Context, kernel, module error) error {
	first := context.Cause(ctx)
	if first == nil {
		return nil
	}
	if errors.Is(kernel, proc.ErrKilled) || errors.Is(module, proc.ErrKilled) {
		return fmt.Errorf("%w (%w)", first, proc.ErrKilled)
	}
	return first
}

// buildRacepoint makes the module for the kernel that the slot holds, as far as
// that has changed since the slot's last build.
func (m *maker) buildRacepoint(ctx context.Context) error {
	dir := m.slot.racepointDir()
	if err := m.slot.writeRacepoint(); err != nil {
		return err
	}
	if err := m.run(ctx, "M="+dir, "modules"); err != nil {
		return fmt.Errorf("the module for forced races (kernel/racepoint) does not build against this kernel: %w", err)
	}
	return nil
}

// writeRacepoint brings the module's source into the slot, and leaves files alone
// that hold it already.
func (s *slot) writeRacepoint() error {
	if err := os.MkdirAll(s.racepointDir(), 0o755); err != nil {
		return err
	}
	files, err := racepointSource.ReadDir("racepoint")
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := racepointSource.ReadFile("racepoint/" + f.Name())
		if err != nil {
			return err
		}
		to := filepath.Join(s.racepointDir(), f.Name())
		if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// publishRacepoint copies the module to a kernel's directory.
func (s *slot) publishRacepoint(dir string) error {
	to := filepath.Join(dir, Racepoint)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return source.CopyFile(filepath.Join(s.racepointDir(), "racepoint.ko"), to, 0o644)
}

// canLoadModules reports whether a .config has modules at all.
func canLoadModules(config []byte) bool {
	return bytes.Contains(config, []byte("\nCONFIG_MODULES=y\n"))
}
