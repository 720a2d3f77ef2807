// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mdlife/internal/proc"

	"github.com/u-root/mkuimage/cpio"
	"github.com/u-root/mkuimage/uimage/initramfs"
)

// guestPrograms are the project's own programs, by directory below the root;
// each becomes /bin/ and the directory's last part.
var guestPrograms = []string{"tools/mdguest", "tools/mdstress", "initramfs/console"}

// guestLayer holds the project's programs, each a static binary. Its key is
// that of the built binaries: the go command knows best when to build anew.
type guestLayer struct {
	root     string
	programs []string
	dir      string // where the go command finds the last binaries again

	binaries [][]byte // set by key
}

func (*guestLayer) name() string { return "guest" }

// key builds the programs. The go command leaves alone a binary that is up to
// date; that check needs the build ID, so it is not stripped.
func (l *guestLayer) key(ctx context.Context) (string, error) {
	dir := filepath.Join(l.dir, hash(l.root))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	args := []string{"build", "-trimpath", "-ldflags=-s -w", "-o", dir + "/"}
	for _, p := range l.programs {
		args = append(args, "./"+p)
	}
	if out, err := proc.Combined(ctx, goCommand(l.root, args...)); err != nil {
		return "", errors.Join(ctx.Err(), fmt.Errorf("build %v: %w\n%s", l.programs, err, out))
	}
	parts := []string{"guest"}
	l.binaries = nil
	for _, p := range l.programs {
		// Kept in memory, so that what is hashed is what is written.
		data, err := os.ReadFile(filepath.Join(dir, filepath.Base(p)))
		if err != nil {
			return "", err
		}
		l.binaries = append(l.binaries, data)
		parts = append(parts, p, fmt.Sprintf("%x", sha256.Sum256(data)))
	}
	return hash(parts...), nil
}

func (l *guestLayer) write(_ context.Context, _ string, w initramfs.Writer) error {
	for i, p := range l.programs {
		r := cpio.StaticFile("usr/bin/"+filepath.Base(p), string(l.binaries[i]), 0o755)
		if err := w.WriteRecord(cpio.MakeReproducible(r)); err != nil {
			return err
		}
	}
	return nil
}
