// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"mdlife/internal/proc"
	"mdlife/kernel/source"
)

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
			if err := source.CopyFile(from, filepath.Join(dir, to), 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}
