// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mdlife/kernel/series"
)

// exports are what each file of a source exports, as lines of a Module.symvers.
type exports map[string][]string

// exported matches the macros by which a file exports a symbol; those of assembly have the
// same names.
var exported = regexp.MustCompile(`\bEXPORT_(?:STATIC_CALL|TRACEPOINT_SYMBOL|PER_CPU_SYMBOL|SYMBOL)(_TRAMP)?(_NS|_FOR_MODULES|_FOR_KVM)?(_GPL)?\(\s*(\w+)\s*(?:,\s*"?([^")]*)"?\s*)?\)`)

// exportsIn are the lines for a file's content.
func exportsIn(text []byte) (lines []string) {
	for _, m := range exported.FindAllSubmatch(text, -1) {
		kind, namespace := "EXPORT_SYMBOL"+string(m[3]), ""
		if len(m[2]) > 0 && string(m[2]) == "_NS" {
			namespace = string(m[5])
		}
		for _, name := range symbols(string(m[0]), string(m[4])) {
			lines = append(lines, fmt.Sprintf("0x00000000\t%s\tvmlinux\t%s\t%s", name, kind, namespace))
		}
	}
	return lines
}

// symbols are what a macro exports under a name.
func symbols(macro, name string) []string {
	switch {
	case strings.Contains(macro, "STATIC_CALL"):
		return []string{"__SCK__" + name, "__SCT__" + name}
	case strings.Contains(macro, "TRACEPOINT"):
		return []string{"__tracepoint_" + name, "__traceiter_" + name, "__SCK__tp_func_" + name, "__SCT__tp_func_" + name}
	}
	return []string{name}
}

// exportsOf reads what the pristine source exports, on x86; it is kept.
func (k *checker) exportsOf(ctx context.Context) (exports, error) {
	all := exports{}
	parts := []string{filepath.Base(k.Source), exported.String()}
	if kept, ok := k.memory.Recall("bots exports", parts); ok && json.Unmarshal(kept, &all) == nil {
		return all, nil
	}
	err := filepath.WalkDir(k.Source, func(file string, d fs.DirEntry, err error) error {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		name, err := filepath.Rel(k.Source, file)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if dir, inArch := strings.CutPrefix(name, "arch/"); inArch && !strings.Contains(dir, "/") && dir != "x86" ||
				slices.Contains([]string{"Documentation", "tools", "samples"}, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".c", ".S", ".h"}, path.Ext(name)) {
			return nil
		}
		text, err := os.ReadFile(file)
		if lines := exportsIn(text); len(lines) > 0 {
			all[name] = lines
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return all, k.memory.Keep("bots exports", parts, text)
}

// table is a Module.symvers of what all but a module's own objects export in a state.
func (k *checker) table(st series.State, units []unit) (string, error) {
	all := maps.Clone(k.exports)
	for name, text := range st {
		delete(all, name)
		if lines := exportsIn(text); len(lines) > 0 {
			all[name] = lines
		}
	}
	for _, u := range units {
		delete(all, sourceOf(u.object))
	}
	var lines []string
	for _, of := range all {
		lines = append(lines, of...)
	}
	slices.Sort(lines)
	// Of two files that export one symbol, only one is in a kernel.
	lines = slices.CompactFunc(lines, func(a, b string) bool { return strings.Split(a, "\t")[1] == strings.Split(b, "\t")[1] })
	return strings.Join(lines, "\n") + "\n", nil
}
