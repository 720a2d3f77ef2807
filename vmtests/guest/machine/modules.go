// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/vmtests/event"
)

// MDIsModule reports whether the image holds md as modules (variant modular).
func MDIsModule() bool {
	files, _ := filepath.Glob(event.ModuleDir + "/*.ko")
	return len(files) > 0
}

// LoadModules loads md's modules and those that they need, each once the modules that
// it needs are loaded. Modules that are loaded already stay.
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
// tries for limit: an open holds md for a moment. The modules that they need stay,
// because raid6_pq takes a second to measure itself whenever it is loaded.
func UnloadModules(limit time.Duration) error {
	files, err := filepath.Glob(event.ModuleDir + "/*.ko")
	if err != nil {
		return err
	}
	var why error
	err = wait.Until(context.Background(), limit, time.Millisecond, func() (bool, error) {
		files, why = unloadSome(files)
		return len(files) == 0, nil
	})
	if err != nil {
		return why
	}
	return nil
}

// unloadSome unloads modules until none of them can be unloaded. It returns the others,
// and why the last one of these stays.
func unloadSome(files []string) (left []string, why error) {
	for n := -1; len(files) > 0 && len(files) != n; {
		n = len(files)
		left, why = nil, nil
		for _, f := range files {
			err := unix.DeleteModule(moduleName(f), unix.O_NONBLOCK)
			if err != nil && !errors.Is(err, unix.ENOENT) {
				left, why = append(left, f), fmt.Errorf("unload %s: %w", moduleName(f), err)
			}
		}
		files = left
	}
	return files, why
}

// moduleName returns the kernel's name for the module in a file: md-mod.ko is md_mod.
func moduleName(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".ko"), "-", "_")
}
