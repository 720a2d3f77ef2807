// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mdlife/internal/proc"
)

// copyObjects copies donor's object tree, times included, below fresh, which
// will become s's source tree. The caller holds both slots.
func (s *slot) copyObjects(ctx context.Context, donor *slot, fresh string) error {
	to := filepath.Join(fresh, "obj")
	cmd := proc.Command("cp", "-a", "--reflink=auto", donor.obj(), to)
	if _, err := proc.Output(ctx, cmd); err != nil {
		return err
	}
	return relocate(filepath.Join(to, "tools"), donor.src(), s.src())
}

// relocate replaces the absolute paths in the .cmd files of tools/: unlike
// Kbuild, tools/build records them, and would build objtool again, and with it
// every object that objtool has checked.
func relocate(dir, from, to string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(d.Name(), ".cmd") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte(from+"/"), []byte(to+"/"))
		if err := os.WriteFile(path, text, info.Mode().Perm()); err != nil {
			return err
		}
		return os.Chtimes(path, info.ModTime(), info.ModTime())
	})
}
