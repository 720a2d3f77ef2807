// SPDX-License-Identifier: BSD-3-Clause

// Package cachedir is about the directory where mdlife keeps what it can make
// again: where it is, whether it can be written, and whether there is room.
package cachedir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Dir returns the cache directory, $XDG_CACHE_HOME/mdlife or ~/.cache/mdlife.
func Dir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the cache: %w; set XDG_CACHE_HOME to an absolute path", err)
	}
	return filepath.Join(base, "mdlife"), nil
}

// Check makes sure that the cache directory can be written.
func Check() error {
	dir, err := Dir()
	if err != nil {
		return err
	}
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, ".check-*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("the cache cannot be written: %w; set XDG_CACHE_HOME to another directory", err)
	}
	return nil
}

// RoomFor checks that dir's file system has room for mib MiB, which user needs:
// "the source of base 6.1". It makes the directory if need be.
func RoomFor(dir string, mib int64, user string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("asking for the free space in %s: %w", dir, err)
	}
	free := int64(st.Bavail) * st.Bsize >> 20
	if free < mib {
		return fmt.Errorf("%s needs %.1f GiB in %s, %.1f GiB free; make room or set XDG_CACHE_HOME",
			user, float64(mib)/1024, dir, float64(free)/1024)
	}
	return nil
}
