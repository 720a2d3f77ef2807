// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"mdlife/internal/proc"
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
		if err := roomFor(s.dir, need, "building "+j.name); err != nil {
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

// build configures and makes what the slot holds, and stores the kernel.
func (j *job) build(ctx context.Context, s *slot, kernels store) (r Result, err error) {
	log, err := os.Create(s.log())
	if err != nil {
		return Result{}, err
	}
	defer log.Close()
	m := &maker{slot: s, jobs: j.req.Jobs, log: log, phase: j.req.Progress.Start("build " + j.name)}
	defer func() { m.phase.End(err) }()
	full := s.state.FullLines == 0
	switch {
	case full:
		m.total = fullLines
	case s.state.Config != "" && s.state.Config != j.config: // everything anew
		m.total = s.state.FullLines
	default:
		m.total = s.state.Lines
	}
	if err := s.markDirty(); err != nil {
		return Result{}, err
	}
	if err := j.make(ctx, m); err != nil {
		return Result{}, errors.Join(err, endSlot(s, err))
	}
	if s.state.Lines = m.lines; full {
		s.state.FullLines = m.lines
	}
	s.state.Built = j.key()
	if err := errors.Join(s.saveState(), s.markClean()); err != nil {
		return Result{}, err
	}
	return j.publish(ctx, m, kernels)
}

// fullLines is about what make prints for a whole kernel of our size.
const fullLines = 1480

// endSlot takes the dirty marker away after an end at which make has cleaned up
// behind itself, as it does after errors and SIGINT.
func endSlot(s *slot, err error) error {
	if errors.Is(err, errUnclean) || errors.Is(err, proc.ErrKilled) {
		return nil
	}
	return s.markClean()
}

// make runs the makes of one build.
func (j *job) make(ctx context.Context, m *maker) error {
	s := m.slot
	if s.state.Config != j.config {
		s.state.Config, s.state.Built = "", ""
		if err := s.saveState(); err != nil {
			return err
		}
		if err := m.configure(ctx, j.symbols); err != nil {
			return err
		}
		s.state.Config = j.config
		if err := s.saveState(); err != nil {
			return err
		}
	}
	config, err := os.ReadFile(filepath.Join(s.obj(), ".config"))
	if err != nil {
		return err
	}
	if !canLoadModules(config) {
		return m.run(ctx, "bzImage")
	}
	return m.makeWithRacepoint(ctx)
}

// publish copies the kernel from the slot into the store.
func (j *job) publish(ctx context.Context, m *maker, kernels store) (Result, error) {
	s := m.slot
	release, err := os.ReadFile(filepath.Join(s.obj(), "include/config/kernel.release"))
	if err != nil {
		return Result{}, err
	}
	r := Result{Key: j.key(), Release: strings.TrimSpace(string(release)), Version: j.version(ctx)}
	return kernels.put(r, func(dir string) error {
		config, err := os.ReadFile(filepath.Join(s.obj(), ".config"))
		if err != nil {
			return err
		}
		if hasModules(config) {
			// Without depmod: our guests load modules by path.
			err := m.run(ctx, "modules_install", "DEPMOD=true", "INSTALL_MOD_PATH="+filepath.Join(dir, "modules"))
			if err != nil {
				return err
			}
		}
		if canLoadModules(config) {
			if err := s.publishRacepoint(dir); err != nil {
				return err
			}
		}
		for to, from := range map[string]string{
			"bzImage":   filepath.Join(s.obj(), "arch/x86/boot/bzImage"),
			"vmlinux":   filepath.Join(s.obj(), "vmlinux"),
			".config":   filepath.Join(s.obj(), ".config"),
			"build.log": s.log(),
		} {
			if err := copyFile(from, filepath.Join(dir, to), 0o644); err != nil {
				return err
			}
		}
		return nil
	})
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
