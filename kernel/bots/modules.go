// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mdlife/internal/checksum"
	"mdlife/kernel/series"
)

// module has the kernel's modpost look at a module in a state: symbols that nothing exports, a
// missing licence, references from code that stays to code that is thrown away. What the rest of
// the kernel exports is read from the source, for no whole kernel of allmodconfig is built.
func (k *checker) module(ctx context.Context, st series.State, b build, module string) (ws []warning, asked bool, err error) {
	units, err := k.members(ctx, st, b, module)
	if err != nil || len(units) == 0 {
		return nil, true, err
	}
	table, err := k.table(st, units)
	if err != nil {
		return nil, false, err
	}
	parts := []string{"2", k.tools["ld"], module, checksum.Bytes([]byte(table))}
	for _, u := range units {
		parts = append(parts, k.parts(st, u)...)
	}
	if kept, ok := k.memory.Recall("bots modpost", parts); ok && json.Unmarshal(kept, &ws) == nil && k.allKnown(st, units) {
		return ws, false, nil
	}
	whole, err := k.compileAll(ctx, st, units)
	if err != nil || !whole {
		return nil, true, err
	}
	if ws, err = k.modpost(ctx, b, module, units, table); err != nil {
		return nil, true, err
	}
	text, err := json.Marshal(ws)
	parts = parts[:4]
	for _, u := range units { // their includes are known only now
		parts = append(parts, k.parts(st, u)...)
	}
	return ws, true, errors.Join(err, k.memory.Keep("bots modpost", parts, text))
}

// allKnown reports whether it is known what the units include.
func (k *checker) allKnown(st series.State, units []unit) bool {
	return !slices.ContainsFunc(units, func(u unit) bool {
		_, ok := k.recall(st, u)
		return !ok
	})
}

// members are the objects of a module, in the order in which Kbuild links them.
func (k *checker) members(ctx context.Context, st series.State, b build, module string) ([]unit, error) {
	known, key := k.place.known[b.name], kbuild(st)+" "+module
	if known.Members[key] == nil {
		if err := k.configure(ctx, b, st); err != nil {
			return nil, err
		}
		out, err := k.make(ctx, b, module+".mod")
		if err != nil {
			return nil, fmt.Errorf("make of %s.mod for %s: %w: %s", module, b.name, err, lastLines(out))
		}
		text, err := os.ReadFile(filepath.Join(k.place.obj(b.name), module+".mod"))
		if err != nil {
			return nil, err
		}
		known.Members[key] = strings.Fields(string(text))
	}
	names := known.Members[key]
	commands, err := k.commands(ctx, b, st, names)
	if err != nil {
		return nil, err
	}
	var units []unit
	for _, o := range names {
		if c, ok := commands[o]; ok && c.Failed == "" {
			units = append(units, unit{build: b, object: o, command: c})
		}
	}
	return units, nil
}

// compileAll makes sure that the objects in the object tree are those of a state, and reports
// whether all have compiled.
func (k *checker) compileAll(ctx context.Context, st series.State, units []unit) (bool, error) {
	var stale []unit
	for _, u := range units {
		if !k.current(st, u) {
			stale = append(stale, u)
		}
	}
	if len(stale) > 0 {
		if err := k.place.become(st); err != nil {
			return false, err
		}
	}
	for _, u := range stale {
		if _, err := k.run(ctx, st, u); err != nil {
			return false, err
		}
	}
	return !slices.ContainsFunc(units, func(u unit) bool { return !k.current(st, u) }), nil
}

// current reports whether a unit's object lies in the object tree as it is in a state.
func (k *checker) current(st series.State, u unit) bool {
	file := filepath.Join(k.place.obj(u.build.name), u.object)
	text, err := os.ReadFile(file + ".bots")
	return err == nil && string(text) == k.stamp(st, u) && exists(file)
}

// modpost links a module's objects and has modpost look at it, in a directory of its own.
func (k *checker) modpost(ctx context.Context, b build, module string, units []unit, table string) ([]warning, error) {
	dir, err := os.MkdirTemp(k.place.scratch, "modpost-")
	if err != nil {
		return nil, err
	}
	obj, object := k.place.obj(b.name), module+".o"
	args := []string{"-r", "-m", b.emulate, "-o", filepath.Join(dir, object)}
	for _, u := range units {
		args = append(args, u.object)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, object)), 0o755); err != nil {
		return nil, err
	}
	if out, err := said(ctx, obj, "ld", args...); err != nil {
		return []warning{{Text: "ld -r of " + module + ": " + lastLines(out)}}, ctx.Err()
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "exports"), []byte(table), 0o644),
		os.WriteFile(filepath.Join(dir, "modules"), []byte(object+"\n"), 0o644),
		os.WriteFile(filepath.Join(dir, module+".mod"), []byte(object+"\n"), 0o644))
	if err != nil {
		return nil, err
	}
	tool := filepath.Join(obj, "scripts/mod/modpost")
	args = []string{"-w", "-N", "-i", "exports", "-o", "symvers", "-T", "modules"}
	if takes, err := modpostTakes(k.Source, `case 'M'`); err != nil {
		return nil, err
	} else if takes {
		args = append(args, "-M")
	}
	if takes, err := modpostTakes(k.Source, `case 'W'`); err != nil {
		return nil, err
	} else if takes {
		args = append(args, "-W")
	}
	out, err := said(ctx, dir, tool, args...)
	ws := modpostWarnings(out)
	if ctx.Err() != nil || err != nil && len(ws) == 0 {
		return nil, fmt.Errorf("modpost of %s: %w: %s", module, err, lastLines(out))
	}
	return ws, nil
}

// modpostTakes reports whether the source's modpost has an option.
func modpostTakes(source, option string) (bool, error) {
	text, err := os.ReadFile(filepath.Join(source, "scripts/mod/modpost.c"))
	return strings.Contains(string(text), option), err
}
