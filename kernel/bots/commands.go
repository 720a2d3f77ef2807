// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mdlife/internal/checksum"
	"mdlife/internal/proc"
	"mdlife/kernel"
	"mdlife/kernel/series"
)

// command is how Kbuild makes an object.
type command struct {
	Compile string   // a line for the shell
	Sparse  []string // arguments
	Module  string   // the module that it is a part of, without .ko; "" if it is built in
	Failed  string   // why there is none, in make's words
}

// kbuild identifies what Kbuild makes of the tree: the content of the files that it reads, as far
// as they are not the source's.
func kbuild(st series.State) string {
	var files []string
	for name, text := range st {
		base := path.Base(name)
		if strings.HasPrefix(base, "Kconfig") || strings.HasPrefix(base, "Makefile") || base == "Kbuild" || strings.HasPrefix(name, "scripts/") {
			files = append(files, name+" "+checksum.Bytes(text))
		}
	}
	if len(files) == 0 {
		return "source"
	}
	slices.Sort(files)
	return checksum.Bytes([]byte(strings.Join(files, "\n")))[:12]
}

// commands returns how a build makes the objects in a state. It asks Kbuild about those that are
// not known; an object that it does not make, such as that of a program, has none.
func (k *checker) commands(ctx context.Context, b build, st series.State, objects []string) (map[string]command, error) {
	known, id := k.place.known[b.name], kbuild(st)
	var missing []string
	for _, o := range objects {
		if _, ok := known.Commands[id+" "+o]; !ok {
			missing = append(missing, o)
		}
	}
	all := map[string]command{}
	if len(missing) > 0 {
		asked, err := k.ask(ctx, b, st, missing)
		if err != nil {
			return nil, err
		}
		for o, c := range asked {
			if c.Failed == "" || exists(filepath.Join(k.Source, strings.TrimSuffix(o, ".o")+".c")) {
				known.Commands[id+" "+o] = c
			}
			all[o] = c
		}
		if err := k.place.save(); err != nil {
			return nil, err
		}
	}
	for _, o := range objects {
		if c, ok := known.Commands[id+" "+o]; ok {
			all[o] = c
		}
	}
	return all, nil
}

// recorder takes sparse's place while Kbuild is asked: it writes down its arguments.
const recorder = `#!/bin/sh
for last; do :; done
printf '%s\n' "$@" >"$0.d/$(printf %s "$last" | tr / _)"
`

// ask has make build objects, and reads how it has done it.
func (k *checker) ask(ctx context.Context, b build, st series.State, objects []string) (map[string]command, error) {
	if err := k.configure(ctx, b, st); err != nil {
		return nil, err
	}
	record := filepath.Join(k.place.scratch, "record")
	if err := errors.Join(os.MkdirAll(record+".d", 0o755), os.WriteFile(record, []byte(recorder), 0o755)); err != nil {
		return nil, err
	}
	var more []string
	if b.sparse {
		more = []string{"C=2", "CHECK=" + record}
	}
	out, err := k.make(ctx, b, slices.Concat(more, []string{"W=1", "-k"}, objects)...)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	all := map[string]command{}
	for _, o := range objects {
		c, readErr := readCommand(k.place.obj(b.name), o)
		if readErr != nil {
			return nil, readErr
		}
		if c.Compile == "" {
			c.Failed = complaints(out, o, err)
		} else if b.sparse {
			name := strings.ReplaceAll("../"+strings.TrimSuffix(o, ".o")+".c", "/", "_")
			text, err := os.ReadFile(filepath.Join(record+".d", name))
			if err != nil {
				return nil, fmt.Errorf("make has not called sparse for %s: %w", o, err)
			}
			c.Sparse = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		}
		all[o] = c
	}
	if !slices.ContainsFunc(objects, func(o string) bool { return all[o].Compile != "" }) && prepareFailed(out) {
		return nil, fmt.Errorf("make of %s for %s: %w: %s", strings.Join(objects, " "), b.name, err, lastLines(out))
	}
	return all, nil
}

// prepareFailed reports whether make has come to no object at all.
func prepareFailed(out string) bool {
	return !strings.Contains(out, "  CC ") && !strings.Contains(out, "No rule to make target")
}

// complaints are the lines in which make names an object's source, or else the error.
func complaints(out, object string, err error) string {
	source := strings.TrimSuffix(object, ".o") + ".c"
	var found []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, source) && strings.Contains(line, "error") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	if len(found) == 0 {
		return fmt.Sprintf("%s: make has not made it: %v", object, err)
	}
	return strings.Join(found, "\n")
}

// lastLines are the last lines of an output.
func lastLines(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// configure brings the tree into a state and makes the configuration, if it is another than
// the last.
func (k *checker) configure(ctx context.Context, b build, st series.State) error {
	if err := k.place.become(st); err != nil {
		return err
	}
	known := k.place.known[b.name]
	id := checksum.Bytes([]byte(strings.Join([]string{config, k.tools[b.compiler], b.arch, kbuild(st)}, "\n")))
	if known.Configured == id {
		return nil
	}
	known.Configured = ""
	if err := os.MkdirAll(k.place.obj(b.name), 0o755); err != nil {
		return err
	}
	fragment := filepath.Join(k.place.obj(b.name), "allmod.config")
	if err := os.WriteFile(fragment, []byte(config), 0o644); err != nil {
		return err
	}
	if out, err := k.make(ctx, b, "KCONFIG_ALLCONFIG="+fragment, "allmodconfig"); err != nil {
		return fmt.Errorf("make allmodconfig for %s: %w: %s", b.name, err, lastLines(out))
	}
	known.Configured = id
	return k.place.save()
}

// make runs make for a build, as far as all goes.
func (k *checker) make(ctx context.Context, b build, args ...string) (string, error) {
	all := append([]string{"O=obj-" + b.name, fmt.Sprintf("-j%d", k.jobs), "ARCH=" + b.arch, "CC=" + b.compiler}, args...)
	cmd := proc.Command("make", all...)
	cmd.Dir, cmd.Env = k.place.src(), kernel.MakeEnv(cmd.Env)
	out, err := proc.Combined(ctx, cmd)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return string(out), err
}

var (
	savedCommand = regexp.MustCompile(`(?m)^(?:saved)?cmd_\S+ := (.*)$`)
	modName      = regexp.MustCompile(`-DKBUILD_MODNAME='"?([^"' ]+)"?'`)
	objectName   = regexp.MustCompile(`([\w,-]+)\.o\b`)
)

// readCommand reads an object's .cmd file. What comes after the compiler (objtool) is left out. There is
// no command if there is no such file.
func readCommand(obj, object string) (command, error) {
	text, err := os.ReadFile(filepath.Join(obj, path.Dir(object), "."+path.Base(object)+".cmd"))
	if errors.Is(err, fs.ErrNotExist) {
		return command{}, nil
	}
	m := savedCommand.FindSubmatch(text)
	if err != nil || m == nil {
		return command{}, fmt.Errorf("the .cmd file of %s has no command: %w", object, err)
	}
	line, _, _ := strings.Cut(string(m[1]), " ; ")
	line = strings.NewReplacer("$(pound)", "#", "$$", "$").Replace(strings.TrimSpace(line))
	c := command{Compile: line}
	if m := modName.FindStringSubmatch(line); m != nil && strings.Contains(line, " -DMODULE ") {
		if c.Module = moduleOf(filepath.Dir(obj), object, m[1]); c.Module == "" {
			return command{}, fmt.Errorf("no Makefile above %s names the module %s", object, m[1])
		}
	}
	return c, nil
}

// moduleOf returns the module that an object is a part of. The compiler is told its name with
// underscores for dashes, and not where it is: that is in the Makefile of the object's directory, or of one
// above.
func moduleOf(src, object, name string) string {
	for dir := path.Dir(object); dir != "."; dir = path.Dir(dir) {
		for _, file := range []string{"Kbuild", "Makefile"} {
			text, err := os.ReadFile(filepath.Join(src, dir, file))
			if err != nil {
				continue
			}
			for _, m := range objectName.FindAllStringSubmatch(string(text), -1) {
				if strings.NewReplacer("-", "_", ",", "_").Replace(m[1]) == name {
					return path.Join(dir, m[1])
				}
			}
		}
	}
	return ""
}
