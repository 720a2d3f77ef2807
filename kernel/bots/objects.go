// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"mdlife/kernel/series"
)

// objects returns the objects that a patch touches: those of its C files and, of its headers, those
// in the touched directories that name something which the changed lines declare, or else one that
// includes the header.
func (k *checker) objects(p series.Patch, before, after series.State) ([]string, error) {
	files, err := p.Files()
	if err != nil {
		return nil, err
	}
	dirs, err := k.directories()
	if err != nil {
		return nil, err
	}
	sources, err := k.sources(dirs, after)
	if err != nil {
		return nil, err
	}
	var objects []string
	for _, f := range files {
		name := f.NewName
		if name == "" {
			name = f.OldName
		}
		ext := path.Ext(name)
		switch {
		case ext != ".c" && ext != ".h" || after[name] == nil || !compiled(name):
		case ext == ".c" && len(includers(sources, name)) == 0:
			objects = append(objects, objectOf(name))
		default:
			for _, user := range users(sources, name, declared(f)) {
				objects = append(objects, objectOf(user))
			}
		}
	}
	slices.Sort(objects)
	return slices.Compact(objects), nil
}

// objectOf is the object of a C file.
func objectOf(name string) string { return strings.TrimSuffix(name, ".c") + ".o" }

// compiled reports whether a file may be part of the kernel.
func compiled(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	return !slices.Contains([]string{"Documentation", "samples", "scripts", "tools"}, top)
}

// directories are those of the C files that the series touches, without those that it needs.
func (k *checker) directories() ([]string, error) {
	var dirs []string
	for _, p := range k.Own() {
		paths, err := p.Paths(".c")
		if err != nil {
			return nil, err
		}
		for _, name := range paths {
			if dir := path.Dir(name); compiled(name) && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs, nil
}

// sources are the C files in directories.
func (k *checker) sources(dirs []string, st series.State) (map[string]string, error) {
	all := map[string]string{}
	for _, dir := range dirs {
		entries, err := os.ReadDir(filepath.Join(k.Source, dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			all[path.Join(dir, e.Name())] = ""
		}
	}
	for name := range st {
		if slices.Contains(dirs, path.Dir(name)) {
			all[name] = ""
		}
	}
	for name := range all {
		text, err := []byte(nil), error(nil)
		if path.Ext(name) == ".c" {
			text, err = st.Read(k.Source, name)
		}
		if err != nil {
			return nil, err
		}
		if text == nil {
			delete(all, name)
			continue
		}
		all[name] = string(text)
	}
	return all, nil
}

// includers are those of the C files that include a file themselves.
func includers(sources map[string]string, name string) (all []string) {
	line := regexp.MustCompile(`(?m)^\s*#\s*include\s+["<](?:[^">]*/)?` + regexp.QuoteMeta(path.Base(name)) + `[">]`)
	for source, text := range sources {
		if source != name && line.MatchString(text) {
			all = append(all, source)
		}
	}
	slices.Sort(all)
	return all
}

// users are the C files that name one of the names, and if there are none, one that includes the
// header, for what is wrong in itself.
func users(sources map[string]string, header string, names []string) (all []string) {
	direct := includers(sources, header)
	if len(names) > 0 {
		word := regexp.MustCompile(`\b(?:` + strings.Join(names, "|") + `)\b`)
		for source, text := range sources {
			if word.MatchString(text) {
				all = append(all, source)
			}
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return path.Ext(header) == ".c" && !slices.Contains(direct, s) })
	if len(all) == 0 && len(direct) > 0 {
		all = direct[:1]
	}
	if len(all) == 0 && len(sources) > 0 { // included by another header
		for source := range sources {
			all = append(all, source)
		}
		slices.Sort(all)
		all = all[:1]
	}
	slices.Sort(all)
	return all
}

var (
	// declares matches names that a line of a header declares, changes or gives a value.
	declares = regexp.MustCompile(`\b([A-Za-z_]\w{2,})\s*(?:\(|;|\[|=|:|,?$)|#\s*define\s+(\w+)|\b(?:struct|enum|union)\s+(\w+)\s*\{`)
	// keywords are words before a bracket or semicolon that declare nothing.
	keywords = regexp.MustCompile(`^(?:if|for|while|switch|return|sizeof|else|goto|default|case|do|int|char|long|bool|void|unsigned|true|false|NULL|likely|unlikely|defined|__\w+__)$`)
)

// declared are the names that the changed lines of a header declare. A file of code that others
// include counts as one.
func declared(f *gitdiff.File) (names []string) {
	for _, fragment := range f.TextFragments {
		for _, line := range fragment.Lines {
			text := strings.TrimSpace(line.Line)
			if line.Op == gitdiff.OpContext || strings.HasPrefix(text, "*") || strings.HasPrefix(text, "/*") {
				continue
			}
			for _, m := range declares.FindAllStringSubmatch(text, -1) {
				name := m[1] + m[2] + m[3]
				if !keywords.MatchString(name) && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}
