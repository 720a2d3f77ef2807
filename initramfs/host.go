// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"slices"

	"github.com/u-root/mkuimage/cpio"
	"github.com/u-root/mkuimage/uimage/initramfs"
)

// hostLayer holds files of the host, read already, so that what is hashed is
// what is written.
type hostLayer map[string][]byte // by path in the guest

// readHostFiles reads files: path in the guest to path here.
func readHostFiles(files map[string]string) (hostLayer, error) {
	l := hostLayer{}
	for to, from := range files {
		data, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		l[to] = data
	}
	return l, nil
}

func (hostLayer) name() string { return "host" }

func (l hostLayer) key(context.Context) (string, error) {
	parts := []string{"host with all directories"}
	for _, to := range sortedKeys(l) {
		parts = append(parts, to, fmt.Sprintf("%x", sha256.Sum256(l[to])))
	}
	return hash(parts...), nil
}

func (l hostLayer) write(_ context.Context, _ string, w initramfs.Writer) error {
	made := map[string]bool{}
	for _, to := range sortedKeys(l) {
		// Where another layer has the directory, it just stays.
		for _, dir := range parents(to) {
			if made[dir] {
				continue
			}
			made[dir] = true
			if err := w.WriteRecord(cpio.MakeReproducible(cpio.Directory(dir, 0o755))); err != nil {
				return err
			}
		}
		if err := w.WriteRecord(cpio.MakeReproducible(cpio.StaticFile(to, string(l[to]), 0o644))); err != nil {
			return err
		}
	}
	return nil
}

// parents returns the directories above a relative path, the uppermost first.
func parents(name string) []string {
	var dirs []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	slices.Reverse(dirs)
	return dirs
}
