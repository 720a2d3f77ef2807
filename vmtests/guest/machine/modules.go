// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
)

// MDIsModule says whether the image holds md as modules (variant modular).
func MDIsModule() bool {
	files, _ := filepath.Glob(event.ModuleDir + "/*.ko")
	return len(files) > 0
}

// LoadModules loads md's modules and those that they need, each when those that
// it needs are there. What is loaded already stays.
func LoadModules() error {
	files, err := filepath.Glob(event.ModuleDir + "/*.ko")
	if err != nil {
		return err
	}
	needed, err := filepath.Glob(event.NeededModuleDir + "/*.ko")
	if err != nil {
		return err
	}
	files = append(needed, files...)
	for len(files) > 0 {
		var left []string
		var why error
		for _, f := range files {
			if err := load(f); err != nil {
				left, why = append(left, f), fmt.Errorf("load %s: %w", f, err)
			}
		}
		if len(left) == len(files) {
			return why
		}
		files = left
	}
	return nil
}

// load loads one module; one that is there already is no error.
func load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), "", 0)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// UnloadModules unloads md's modules, each when nobody needs it any more, and
// tries for limit: an open holds md for a moment. Those that they need stay, for
// raid6_pq takes a second to measure itself whenever it is loaded.
func UnloadModules(limit time.Duration) error {
	files, err := filepath.Glob(event.ModuleDir + "/*.ko")
	if err != nil {
		return err
	}
	deadline := time.Now().Add(limit)
	for len(files) > 0 {
		var left []string
		var why error
		for _, f := range files {
			err := unix.DeleteModule(moduleName(f), unix.O_NONBLOCK)
			if err != nil && !errors.Is(err, unix.ENOENT) {
				left, why = append(left, f), fmt.Errorf("unload %s: %w", moduleName(f), err)
			}
		}
		if len(left) == len(files) && time.Now().After(deadline) {
			return why
		}
		files = left
	}
	return nil
}

// moduleName is how the kernel calls the module of a file: md-mod.ko is md_mod.
func moduleName(file string) string {
	name := []byte(filepath.Base(file))
	name = name[:len(name)-len(".ko")]
	for i, c := range name {
		if c == '-' {
			name[i] = '_'
		}
	}
	return string(name)
}
