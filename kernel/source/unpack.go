// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mdlife/internal/filelock"
	"mdlife/internal/proc"
	"mdlife/internal/usage"
)

// unpackOnce gives src its directory by renaming the one that unpack returns
// below the temporary directory that it is given. One process unpacks, the
// others wait.
func (c Cache) unpackOnce(ctx context.Context, src Source, unpack func(tmp string) (string, error)) error {
	if _, err := os.Stat(src.Dir); err == nil {
		return nil
	}
	lock, err := filelock.Acquire(ctx, filepath.Join(c.Dir, "src", ".lock"), c.Progress)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Stat(src.Dir); err == nil {
		return nil
	}
	tmp := filepath.Join(c.Dir, "src", ".unpack")
	if err := os.RemoveAll(tmp); err != nil { // left by a killed run
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	phase := c.Progress.Start("unpack " + src.ID)
	tree, err := unpack(tmp)
	if err == nil {
		err = checkTree(tree)
	}
	if err == nil {
		err = os.Rename(tree, src.Dir)
	}
	phase.End(err)
	return err
}

// untar extracts a tarball into dir and returns its single top directory. tar
// finds out the compression itself.
func untar(ctx context.Context, tarball, dir string) (string, error) {
	if err := proc.Require("tar", "xz"); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	cmd := proc.Command("tar", "-x", "--no-same-owner", "-f", tarball, "-C", dir)
	if _, err := proc.Output(ctx, cmd); err != nil {
		return "", fmt.Errorf("unpacking %s: %w", tarball, err)
	}
	top, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(top) != 1 || !top[0].IsDir() {
		return "", fmt.Errorf("%s holds %d entries at its top, not the one directory of a kernel source", tarball, len(top))
	}
	return filepath.Join(dir, top[0].Name()), nil
}

// checkTree makes sure that dir holds a kernel source.
func checkTree(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil {
		return usage.Errorf("%s is no kernel tree: it has no Makefile", dir)
	}
	if !strings.Contains("\n"+string(text), "\nVERSION =") {
		return usage.Errorf("%s is no kernel tree: its Makefile sets no VERSION", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "Kconfig")); err != nil {
		return usage.Errorf("%s is no kernel tree: it has no Kconfig", dir)
	}
	return nil
}
