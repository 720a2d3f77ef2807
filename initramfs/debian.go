// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/u-root/mkuimage/uimage/initramfs"

	"mdlife/internal/atomicfile"
	"mdlife/internal/progress"
	"mdlife/kernel/debian"
)

// selection is what a layer has of Debian's packages.
type selection struct {
	name string

	// packages are what the wanted files come from and what they need. A library
	// that is in none of them is an error that names it.
	packages []string

	// files are the wanted files and directories, by their names in a system with
	// everything below /usr. The libraries of the programs among them are added.
	files []string

	leaveOut []string // parts of files that no guest needs
}

// client is the real client of md, and who reacts to its devices.
var client = selection{
	name: "debian",
	packages: []string{
		"mdadm", "udev",
		"libacl1", "libblkid1", "libc6", "libcap2", "libgcc-s1", "libkmod2",
		"liblzma5", "libpcre2-8-0", "libselinux1", "libssl3", "libudev1", "libzstd1",
	},
	files: []string{
		"usr/sbin/mdadm",
		"usr/sbin/mdmon", // mdadm starts it for external metadata
		"usr/bin/udevadm",
		"usr/lib/systemd/systemd-udevd",
		"usr/lib/udev",
		"etc/udev",
		"etc/modprobe.d/mdadm.conf",
		"usr/lib/x86_64-linux-gnu/libgcc_s.so.1", // glibc loads it for pthread_exit
	},
	leaveOut: []string{"usr/lib/udev/hwdb.d"}, // 12 MB about USB and PCI devices
}

// volumes are LVM's tools, for guests that put volumes on arrays.
var volumes = selection{
	name: "lvm",
	packages: []string{
		"lvm2",
		"libaio1", "libblkid1", "libbsd0", "libc6", "libcap2", "libdevmapper-event1.02.1", "libdevmapper1.02.1", "libedit2",
		"libgcrypt20", "libgpg-error0", "liblz4-1", "liblzma5", "libmd0", "libpcre2-8-0", "libselinux1", "libsystemd0",
		"libtinfo6", "libudev1", "libzstd1",
	},
	files: []string{"usr/sbin/lvm"},
}

// resolveAgain is the age at which the archive is asked for new versions.
const resolveAgain = 7 * 24 * time.Hour

// debianLayer holds Debian's own programs, so that the real client is tested and not
// an imitation.
type debianLayer struct {
	selection
	dir      string // for the memory of versions
	apt      string // directory of the isolated apt
	progress *progress.Tracker

	debs []string // set by resolve
}

func (l *debianLayer) name() string { return l.selection.name }

// resolved is which files the packages were when the archive was last asked.
type resolved struct {
	Recipe string    `json:"recipe"`
	Debs   []string  `json:"debs"` // file names, which hold the versions
	When   time.Time `json:"when"`
}

// key covers the list of files and the versions of the packages. The versions
// are remembered, so that an unchanged image needs neither apt nor network.
func (l *debianLayer) key(ctx context.Context) (string, error) {
	recipe := hash(append([]string{"1", strings.Join(l.packages, " "), strings.Join(l.leaveOut, " ")}, l.files...)...)
	memory := filepath.Join(l.dir, l.name()+".json")
	var r resolved
	if data, err := os.ReadFile(memory); err == nil && json.Unmarshal(data, &r) == nil &&
		r.Recipe == recipe && time.Since(r.When) < resolveAgain {
		return hash(append(r.Debs, recipe)...), nil
	}
	if err := l.resolve(ctx); err != nil {
		return "", err
	}
	r = resolved{Recipe: recipe, When: time.Now()}
	for _, deb := range l.debs {
		r.Debs = append(r.Debs, filepath.Base(deb))
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return "", err
	}
	return hash(append(r.Debs, recipe)...), atomicfile.WriteBytes(memory, data)
}

// resolve downloads the packages where that has not been done.
func (l *debianLayer) resolve(ctx context.Context) error {
	if l.debs != nil {
		return nil
	}
	a := debian.Archive{Dir: l.apt, Suites: debian.Bookworm(), Progress: l.progress}
	debs, err := a.Download(ctx, l.packages...)
	if err != nil {
		return err
	}
	l.debs = debs
	return nil
}

func (l *debianLayer) write(ctx context.Context, scratch string, w initramfs.Writer) error {
	if err := l.resolve(ctx); err != nil {
		return err
	}
	for _, deb := range l.debs {
		if err := debian.Unpack(ctx, deb, scratch); err != nil {
			return err
		}
	}
	t, err := readTree(scratch)
	if err != nil {
		return err
	}
	names, err := t.pick(l.files, l.leaveOut)
	if err != nil {
		return err
	}
	if names, err = t.withLibraries(names); err != nil {
		return err
	}
	files := initramfs.NewFiles()
	for _, name := range names {
		if err := files.AddFileNoFollow(t[name], name); err != nil {
			return err
		}
	}
	return files.WriteTo(w)
}

// tree maps names in the image to files on the host, directories left out.
type tree map[string]string

// readTree maps the unpacked packages below root. Debian 12's packages still
// hold /bin, /sbin and /lib, which on its systems are links into /usr.
func readTree(root string) (tree, error) {
	t := tree{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		t[belowUsr(rel)] = path
		return err
	})
	return t, err
}

// belowUsr maps a relative name to where a system with a merged /usr has it.
func belowUsr(name string) string {
	top, _, _ := strings.Cut(name, "/")
	switch top {
	case "bin", "sbin", "lib", "lib64":
		return "usr/" + name
	}
	return name
}

// pick returns the names that are wanted or below a wanted directory.
func (t tree) pick(want, leaveOut []string) ([]string, error) {
	below := func(name string, dirs []string) bool {
		for _, d := range dirs {
			if name == d || strings.HasPrefix(name, d+"/") {
				return true
			}
		}
		return false
	}
	var names []string
	var missing []error
	for _, w := range want {
		n := len(names)
		for _, name := range sortedKeys(t) {
			if below(name, []string{w}) && !below(name, leaveOut) {
				names = append(names, name)
			}
		}
		if len(names) == n {
			missing = append(missing, fmt.Errorf("no package has %s: %w", w, fs.ErrNotExist))
		}
	}
	return names, errors.Join(missing...)
}
