// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"mdlife/internal/atomicfile"
	"mdlife/internal/filelock"
	"mdlife/internal/proc"
	"mdlife/kernel/series"
)

// place is a tree to build in, which goes from one state of the files to the next.
type place struct {
	dir, source string
	scratch     string // a directory for this run alone
	lock        *flock.Flock
	now         series.State // what differs from the source, or may

	mu    sync.Mutex // for what follows
	known map[string]*knowledge
}

// knowledge is what Kbuild has said of one build.
type knowledge struct {
	Configured string              // what the configuration was made from
	Commands   map[string]command  // by the state of Kbuild's files and the object
	Members    map[string][]string // of modules, likewise
	Includes   map[string][]string // the files that an object has ever been seen to include
}

// openPlace waits for the place of a source, makes it if need be, and brings it back to that
// source.
func openPlace(ctx context.Context, source string, o Options) (p *place, err error) {
	p = &place{dir: placeOf(o.CacheDir, source), source: source, now: series.State{}}
	if p.lock, err = filelock.Acquire(ctx, filepath.Join(p.dir, "lock"), o.Progress); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.scratch, err = os.MkdirTemp("", "mdlife-bots-"); err != nil {
		return nil, err
	}
	if err := p.link(ctx); err != nil {
		return nil, err
	}
	if err := p.load(); err != nil {
		return nil, err
	}
	return p, p.restore()
}

// close gives the place back to others.
func (p *place) close() {
	if p.scratch != "" {
		os.RemoveAll(p.scratch)
	}
	p.lock.Close()
}

func (p *place) src() string             { return filepath.Join(p.dir, "src") }
func (p *place) obj(name string) string  { return filepath.Join(p.src(), "obj-"+name) }
func (p *place) file(name string) string { return filepath.Join(p.dir, name) }

// link makes the tree, of hard links.
func (p *place) link(ctx context.Context) error {
	if exists(p.src()) {
		return nil
	}
	fresh := p.file("src.new")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if _, err := proc.Output(ctx, proc.Command("cp", "-al", p.source, fresh)); err != nil {
		return err
	}
	return os.Rename(fresh, p.src())
}

// load reads what is known. A file that is not there or damaged is of no consequence.
func (p *place) load() error {
	p.known = map[string]*knowledge{}
	if text, err := os.ReadFile(p.file("known.json")); err == nil {
		if json.Unmarshal(text, &p.known) != nil {
			p.known = map[string]*knowledge{}
		}
	}
	for _, b := range builds {
		k := p.known[b.name]
		if k == nil {
			k = &knowledge{}
			p.known[b.name] = k
		}
		if k.Commands == nil {
			k.Commands, k.Members, k.Includes = map[string]command{}, map[string][]string{}, map[string][]string{}
		}
	}
	return nil
}

// save keeps what is known.
func (p *place) save() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := json.Marshal(p.known)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(p.file("known.json"), text)
}

// restore brings back the files that an earlier run has changed, which it wrote down before.
func (p *place) restore() error {
	text, err := os.ReadFile(p.file("changed"))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, path := range strings.Fields(string(text)) {
		p.now[path] = []byte("unknown\n")
	}
	return p.become(series.State{})
}

// become brings the tree into a state. A file that changes is written anew, so that the source,
// to which it was linked, stays as it is, and make sees that it is newer.
func (p *place) become(st series.State) error {
	var paths []string
	for path := range p.now {
		paths = append(paths, path)
	}
	for path := range st {
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	if err := atomicfile.WriteBytes(p.file("changed"), []byte(strings.Join(paths, "\n"))); err != nil {
		return err
	}
	for _, path := range paths {
		want, err := st.Read(p.source, path)
		if err != nil {
			return err
		}
		have, err := p.now.Read(p.source, path)
		if err != nil {
			return err
		}
		if (want == nil) == (have == nil) && bytes.Equal(want, have) {
			continue
		}
		if err := replace(filepath.Join(p.src(), path), filepath.Join(p.source, path), want); err != nil {
			return err
		}
	}
	p.now = st
	return nil
}

// replace removes a file or writes it anew, with the mode that it has in the source.
func replace(path, original string, text []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if text == nil {
		return nil
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(original); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, text, mode); err != nil {
		return fmt.Errorf("changing the tree of the checks: %w", err)
	}
	return nil
}
