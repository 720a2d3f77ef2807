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

// resolveAgain is the age at which the archive is asked for new versions.
const resolveAgain = 7 * 24 * time.Hour

// debianLayer holds Debian's own programs, so that the real client is tested and not
// an imitation.
type debianLayer struct {
	selection
	release  Userspace
	dir      string // for the memory of versions
	apt      string // directory of the isolated apt
	progress *progress.Tracker

	debs  []string // paths, set by resolve
	names []string // of the debs' files, set by key
}

func (l *debianLayer) name() string { return l.selection.name }

// version returns the version of one of the packages, once there is a key.
func (l *debianLayer) version(pkg string) string {
	for _, deb := range l.names {
		if debian.Name(deb) == pkg {
			return debian.Version(deb)
		}
	}
	return ""
}

// resolved is which files the packages were when the archive was last asked.
type resolved struct {
	Recipe string    `json:"recipe"`
	Debs   []string  `json:"debs"` // file names, which hold the versions
	When   time.Time `json:"when"`
}

// key covers the list of files and the versions of the packages. The versions
// are remembered, so that an unchanged image needs neither apt nor network.
func (l *debianLayer) key(ctx context.Context) (string, error) {
	recipe := l.recipe()
	var r resolved
	if data, err := os.ReadFile(l.memory()); err == nil && json.Unmarshal(data, &r) == nil &&
		r.Recipe == recipe && time.Since(r.When) < resolveAgain {
		l.names = r.Debs
		return hash(append(r.Debs, recipe)...), nil
	}
	if err := l.resolve(ctx); err != nil {
		return "", err
	}
	r = resolved{Recipe: recipe, When: time.Now()}
	for _, deb := range l.debs {
		r.Debs = append(r.Debs, filepath.Base(deb))
	}
	l.names = r.Debs
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return "", err
	}
	return hash(append(r.Debs, recipe)...), atomicfile.WriteBytes(l.memory(), data)
}

// recipe names what the layer is made of, but for the versions.
func (l *debianLayer) recipe() string {
	return hash(append([]string{"2", l.release.Name, strings.Join(l.packages, " "), strings.Join(l.leaveOut, " ")}, l.files...)...)
}

// memory is the file with the versions that the release had last.
func (l *debianLayer) memory() string {
	return filepath.Join(l.dir, l.name()+"-"+l.release.Name+".json")
}

// resolve downloads the packages where that has not been done.
func (l *debianLayer) resolve(ctx context.Context) error {
	if l.debs != nil {
		return nil
	}
	a := debian.Archive{Dir: l.apt, Suites: l.release.suites, Progress: l.progress}
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
