// SPDX-License-Identifier: BSD-3-Clause

package debian

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mdlife/internal/checksum"
)

// download returns the path of each item below archives, after fetching those
// that are missing or damaged. A file gets its place there only by a rename,
// once apt and then verify have found its hash right.
func (t apt) download(ctx context.Context, items []item) ([]string, error) {
	var paths, specs []string
	var missing []item
	for _, it := range items {
		path := filepath.Join(t.path("archives"), it.name)
		paths = append(paths, path)
		if it.verify(path) != nil {
			missing = append(missing, it)
			specs = append(specs, specOf(it.name))
		}
	}
	if len(missing) == 0 {
		return paths, nil
	}
	tmp, err := t.fetchDir()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	phase := t.track.Start("fetch " + label(missing))
	_, err = t.run(ctx, phase, tmp, append([]string{"download"}, specs...)...)
	phase.End(err)
	if err != nil {
		return nil, err
	}
	for _, it := range missing {
		from := filepath.Join(tmp, it.name)
		if err := it.verify(from); err != nil {
			return nil, err
		}
		if err := os.Rename(from, filepath.Join(t.path("archives"), it.name)); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// fetchDir makes an empty directory for unfinished downloads, and removes what
// a killed run left of its own; the archive's lock is held.
func (t apt) fetchDir() (string, error) {
	old, err := filepath.Glob(t.path("fetch-*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(t.dir, "fetch-")
}

// verify checks that the file at path is the item, by size and SHA-256.
func (it item) verify(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	sum, err := checksum.File(path)
	if err != nil {
		return err
	}
	if info.Size() != it.size || sum != it.sha256 {
		return fmt.Errorf("%s: %d bytes, SHA-256 %s; the archive says %d bytes, %s", path, info.Size(), sum, it.size, it.sha256)
	}
	return nil
}

// specOf turns a pool file name into apt's name=version.
func specOf(file string) string {
	parts := strings.Split(strings.TrimSuffix(file, ".deb"), "_")
	if len(parts) != 3 {
		return file
	}
	return parts[0] + "=" + strings.ReplaceAll(parts[1], "%3a", ":")
}

// Name returns the package in a .deb's file name, such as "linux-source-6.1".
func Name(deb string) string {
	name, _, _ := strings.Cut(filepath.Base(deb), "_")
	return name
}

// Version returns the version in a .deb's file name, such as "6.1.192-2".
func Version(deb string) string {
	_, version, _ := strings.Cut(specOf(filepath.Base(deb)), "=")
	return version
}

// label names a download briefly: its package, or how many there are.
func label(items []item) string {
	if len(items) == 1 {
		name, _, _ := strings.Cut(items[0].name, "_")
		return name
	}
	names := []string{}
	for _, it := range items {
		names = append(names, it.name)
	}
	slices.Sort(names)
	first, _, _ := strings.Cut(names[0], "_")
	return fmt.Sprintf("%s and %d more packages", first, len(items)-1)
}
