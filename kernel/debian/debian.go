// SPDX-License-Identifier: BSD-3-Clause

// Package debian fetches packages from the Debian archive with an apt of its
// own: separate sources, lists, cache and status, all below one directory, so
// that neither the system's configuration nor its installed packages matter or
// change. The archive's signatures are checked by apt; root is not needed.
package debian

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mdlife/internal/filelock"
	"mdlife/internal/proc"
	"mdlife/internal/progress"
)

// refreshAfter is the age at which the package lists are fetched again.
const refreshAfter = 24 * time.Hour

// Archive is a view of the Debian archive. Two processes may share a Dir.
type Archive struct {
	// Dir holds configuration, lists and downloaded packages.
	Dir string
	// Suites are the suites that packages come from, for example "bookworm",
	// "bookworm-updates" and "bookworm-security"; the newest version wins.
	Suites []string
	// Progress, if not nil, is told about downloads.
	Progress *progress.Tracker
}

// Download fetches the newest version of each package and returns the paths of
// the .deb files, in the order of packages. What is there already is not
// fetched again, and needs no network.
func (a Archive) Download(ctx context.Context, packages ...string) ([]string, error) {
	return a.fetch(ctx, packages, func(apt apt) ([]item, error) {
		return apt.resolve(ctx, packages)
	})
}

// DownloadNewest fetches the package whose name is prefix and a version number,
// of those the one with the highest ("linux-source-" finds linux-source-7.2
// where there is a linux-source-6.19 as well), and returns the path of its .deb.
func (a Archive) DownloadNewest(ctx context.Context, prefix string) (string, error) {
	paths, err := a.fetch(ctx, []string{prefix + "*"}, func(apt apt) ([]item, error) {
		name, err := apt.newest(ctx, prefix)
		if err != nil {
			return nil, err
		}
		return apt.resolve(ctx, []string{name})
	})
	if err != nil {
		return "", err
	}
	return paths[0], nil
}

// fetch resolves packages to files and downloads those that are missing. Old
// lists are good enough when the network is away, but not when they lack a
// package or name a version that the archive no longer has.
func (a Archive) fetch(ctx context.Context, packages []string, resolve func(apt) ([]item, error)) ([]string, error) {
	if len(packages) == 0 {
		return nil, nil
	}
	if err := requireTools(); err != nil {
		return nil, err
	}
	lock, err := filelock.Acquire(ctx, filepath.Join(a.Dir, "lock"), a.Progress)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	apt, err := a.setUp(ctx)
	if err != nil {
		return nil, err
	}
	fresh, refreshErr := apt.refresh(ctx, refreshAfter)
	paths, err := apt.get(ctx, resolve)
	if err != nil && !fresh && refreshErr == nil && ctx.Err() == nil {
		if _, refreshErr = apt.refresh(ctx, 0); refreshErr == nil {
			paths, err = apt.get(ctx, resolve)
		}
	}
	if err != nil && refreshErr != nil {
		return nil, fmt.Errorf("%w (and %w)", err, refreshErr)
	}
	return paths, err
}

// get resolves and downloads with the lists as they are.
func (t apt) get(ctx context.Context, resolve func(apt) ([]item, error)) ([]string, error) {
	items, err := resolve(t)
	if err != nil {
		return nil, err
	}
	return t.download(ctx, items)
}

// requireTools checks for what Debian's minimal install may lack elsewhere.
func requireTools() error {
	missing := proc.Lacking("apt-get", "dpkg-deb")
	if _, err := os.Stat(keyring); err != nil {
		missing = append(missing, "debian-archive-keyring")
	}
	return proc.Missing(missing)
}
