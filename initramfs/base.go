// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"context"
	"embed"
	"io/fs"
	"strings"

	"github.com/u-root/mkuimage/cpio"
	"github.com/u-root/mkuimage/uimage/initramfs"
)

//go:embed etc
var etc embed.FS

// baseLayer holds what the others are put into: directories, the links of a
// system with everything below /usr as Debian's is, init's entry points, and
// the small files below etc/.
type baseLayer struct{}

// baseDirs are made with mode 0755, or 01777 where they end in "tmp".
var baseDirs = []string{
	"bbin", "dev", "env", "etc", "mnt", "proc", "root", "run", "sys", "tmp",
	"usr", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/share",
	"var", "var/log", "var/tmp", "var/lib", "var/lib/mdadm",
}

// baseLinks maps names to targets. u-root's init runs /bin/uinit, which does
// nothing where the kernel's command line holds no plan, then /bin/defaultsh.
var baseLinks = map[string]string{
	"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64",
	"var/run":           "../run",
	"init":              "bbin/init",
	"usr/bin/uinit":     "mdguest",
	"usr/bin/defaultsh": "console",
	"usr/bin/sh":        "../../bbin/gosh",
	"etc/mtab":          "../proc/self/mounts",
}

func (baseLayer) name() string { return "base" }

func (l baseLayer) key(context.Context) (string, error) {
	files, err := l.files()
	if err != nil {
		return "", err
	}
	var parts []string
	for _, r := range files {
		data, err := readRecord(r)
		if err != nil {
			return "", err
		}
		parts = append(parts, r.Info.String(), string(data))
	}
	return hash(parts...), nil
}

func (l baseLayer) write(_ context.Context, _ string, w initramfs.Writer) error {
	files, err := l.files()
	if err != nil {
		return err
	}
	return cpio.WriteRecords(w, files)
}

// files returns the records in an order in which the kernel can make them.
func (baseLayer) files() ([]cpio.Record, error) {
	var records []cpio.Record
	for _, dir := range baseDirs {
		mode := uint64(0o755)
		if strings.HasSuffix(dir, "tmp") {
			mode = 0o1777
		}
		records = append(records, cpio.Directory(dir, mode))
	}
	// The kernel opens /dev/console before devtmpfs is mounted.
	records = append(records, cpio.CharDev("dev/console", 0o600, 5, 1), cpio.CharDev("dev/null", 0o666, 1, 3))
	for _, name := range sortedKeys(baseLinks) {
		records = append(records, cpio.Symlink(name, baseLinks[name]))
	}
	err := fs.WalkDir(etc, "etc", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "etc" {
				records = append(records, cpio.Directory(name, 0o755))
			}
			return nil
		}
		data, err := fs.ReadFile(etc, name)
		records = append(records, cpio.StaticFile(name, string(data), 0o644))
		return err
	})
	cpio.MakeAllReproducible(records)
	return records, err
}
