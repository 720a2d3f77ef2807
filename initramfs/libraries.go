// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// libraryDirs are where Debian's dynamic loader looks without a cache, in
// order (ld.so(8)).
var libraryDirs = []string{"usr/lib/x86_64-linux-gnu", "usr/lib", "usr/lib64"}

// withLibraries adds to names, all of them in t, whatever the programs and
// libraries among them need: the targets of links, the dynamic loader and,
// again and again, the libraries that an ELF header names. The result is
// sorted.
func (t tree) withLibraries(names []string) ([]string, error) {
	done := map[string]bool{}
	todo := slices.Clone(names)
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if done[name] {
			continue
		}
		done[name] = true
		more, err := t.needs(name)
		if err != nil {
			return nil, err
		}
		todo = append(todo, more...)
	}
	return sortedKeys(done), nil
}

// needs returns what one file of t needs directly.
func (t tree) needs(name string) ([]string, error) {
	if target, ok, err := t.link(name); err != nil || ok {
		return []string{target}, err
	}
	f, err := elf.Open(t[name])
	var format *elf.FormatError
	if errors.As(err, &format) || errors.Is(err, io.EOF) {
		return nil, nil // not ELF
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var need []string
	if interp, err := interpreter(f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	} else if interp != "" {
		need = append(need, interp)
	}
	libs, err := f.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	dirs := append(runPath(f, path.Dir(name)), libraryDirs...)
	for _, lib := range libs {
		i := slices.IndexFunc(dirs, func(d string) bool { return t[path.Join(d, lib)] != "" })
		if i < 0 {
			return nil, fmt.Errorf("%s needs %s, which none of the layer's packages has", name, lib)
		}
		need = append(need, path.Join(dirs[i], lib))
	}
	return need, nil
}

// link returns what a symbolic link points to, by its name in t.
func (t tree) link(name string) (target string, ok bool, err error) {
	host, there := t[name]
	if !there {
		return "", false, fmt.Errorf("none of the layer's packages has %s", name)
	}
	st, err := os.Lstat(host)
	if err != nil || st.Mode()&fs.ModeSymlink == 0 {
		return "", false, err
	}
	to, err := os.Readlink(host)
	if err != nil {
		return "", false, err
	}
	if !path.IsAbs(to) {
		to = path.Join("/", path.Dir(name), to)
	}
	target = belowUsr(strings.TrimPrefix(path.Clean(to), "/"))
	if _, there := t[target]; !there {
		return "", false, fmt.Errorf("%s is a link to %s, which none of the layer's packages has", name, to)
	}
	return target, true, nil
}

// interpreter returns the dynamic loader's name in the image, "" if none.
func interpreter(f *elf.File) (string, error) {
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			b, err := io.ReadAll(p.Open())
			name := strings.TrimRight(string(b), "\x00")
			return belowUsr(strings.TrimPrefix(name, "/")), err
		}
	}
	return "", nil
}

// runPath returns the directories that an ELF file adds to the search.
func runPath(f *elf.File, dir string) []string {
	var dirs []string
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		values, err := f.DynString(tag)
		if err != nil {
			continue // no dynamic section
		}
		for _, d := range strings.Split(strings.Join(values, ":"), ":") {
			if d != "" {
				d = strings.NewReplacer("$ORIGIN", "/"+dir, "${ORIGIN}", "/"+dir).Replace(d)
				dirs = append(dirs, belowUsr(strings.TrimPrefix(path.Clean(d), "/")))
			}
		}
	}
	return dirs
}
