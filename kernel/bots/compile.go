// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"mdlife/internal/checksum"
	"mdlife/kernel/series"
)

// outcome is what a check says of a state, and whether a tool had to be asked for it.
type outcome struct {
	warnings []warning
	asked    bool
}

// add adds what a tool has said.
func (o *outcome) add(ws []warning, asked bool) {
	o.warnings = append(o.warnings, ws...)
	o.asked = o.asked || asked
}

// unit is one object of one build, to be looked at by one tool.
type unit struct {
	build  build
	object string
	sparse bool // and not compiled
	command
}

// check is the name of the check to which the unit's warnings belong.
func (u unit) check() string {
	if u.sparse {
		return sparseCheck
	}
	return u.build.check
}

// build has all compilers look at objects in a state, and modpost at their modules. It returns what
// the checks say, by their names. An object that does not compile for another reason than its
// source is an error of the patch that makes it.
func (k *checker) build(ctx context.Context, st series.State, objects []string, after bool) (map[string]outcome, error) {
	all := map[string]outcome{}
	add := func(check string, ws []warning, asked bool) {
		o := all[check]
		o.add(ws, asked)
		all[check] = o
	}
	var units []unit
	for _, b := range builds {
		present := slices.DeleteFunc(slices.Clone(objects), func(o string) bool { return k.missing(st, o) })
		commands, err := k.commands(ctx, b, st, present)
		if err != nil {
			return nil, err
		}
		for _, o := range slices.Sorted(maps.Keys(commands)) {
			c := commands[o]
			switch {
			case c.Failed != "" && after && !exists(filepath.Join(k.Source, sourceOf(o))):
				add(b.check, []warning{{Text: c.Failed}}, true)
			case c.Failed != "":
				k.sayUnbuilt(b, o, c.Failed)
			case c.Failed == "":
				units = append(units, unit{build: b, object: o, command: c})
				if b.sparse {
					units = append(units, unit{build: b, object: o, sparse: true, command: c})
				}
			}
		}
	}
	found, asked, err := k.look(ctx, st, units)
	if err != nil {
		return nil, err
	}
	for i, u := range units {
		add(u.check(), found[i], asked[i])
	}
	for _, b := range builds {
		if b.module == "" {
			continue
		}
		for _, m := range modulesOf(units, b) {
			ws, asked, err := k.module(ctx, st, b, m)
			if err != nil {
				return nil, err
			}
			add(b.module, ws, asked)
		}
	}
	for name, o := range all {
		o.warnings = once(o.warnings)
		all[name] = o
	}
	return all, k.place.save()
}

// sayUnbuilt says, once, that a build does not make an object of the source, for example as the configuration
// leaves it out: the check has not looked at it, which is not to pass.
func (k *checker) sayUnbuilt(b build, object, why string) {
	if what := b.check + " " + object; !k.unbuilt[what] {
		k.unbuilt[what] = true
		k.note("    note  %s does not look at %s: %s", b.check, sourceOf(object), why)
	}
}

// sourceOf is the C file of an object.
func sourceOf(object string) string { return strings.TrimSuffix(object, ".o") + ".c" }

// missing reports whether an object's source is not there in a state.
func (k *checker) missing(st series.State, object string) bool {
	text, err := st.Read(k.Source, sourceOf(object))
	return err == nil && text == nil
}

// modulesOf are the modules of a build's units.
func modulesOf(units []unit, b build) (all []string) {
	for _, u := range units {
		if u.build == b && u.Module != "" && !slices.Contains(all, u.Module) {
			all = append(all, u.Module)
		}
	}
	return all
}

// look has the tools look at units, several at a time, as far as what they say is not known.
func (k *checker) look(ctx context.Context, st series.State, units []unit) (found [][]warning, asked []bool, err error) {
	found, asked = make([][]warning, len(units)), make([]bool, len(units))
	for i, u := range units {
		var known bool
		found[i], known = k.recall(st, u)
		asked[i] = !known
	}
	if !slices.Contains(asked, true) {
		return found, asked, nil
	}
	if err := k.place.become(st); err != nil {
		return nil, nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(k.jobs)
	for i, u := range units {
		if !asked[i] {
			continue
		}
		g.Go(func() (err error) {
			found[i], err = k.run(gctx, st, u)
			return err
		})
	}
	return found, asked, g.Wait()
}

// parts are everything on which depends what a unit's tool says in a state.
func (k *checker) parts(st series.State, u unit) []string {
	tool, command := u.build.compiler, u.Compile
	if u.sparse {
		tool, command = "sparse", strings.Join(append([]string{unqualified}, u.Sparse...), "\n")
	}
	parts := []string{"1", filepath.Base(k.Source), checksum.Bytes([]byte(config)), k.tools[tool], k.tools[u.build.compiler], u.build.arch, kbuild(st), u.object, u.Module, command}
	k.place.mu.Lock()
	includes := k.place.known[u.build.name].Includes[u.object]
	k.place.mu.Unlock()
	for _, name := range includes {
		if text, touched := st[name]; touched {
			parts = append(parts, name, checksum.Bytes(text))
		}
	}
	return parts
}

// recall returns what a unit's tool has said of this content before. Of an object whose includes
// are not known, nothing is.
func (k *checker) recall(st series.State, u unit) (ws []warning, ok bool) {
	k.place.mu.Lock()
	_, compiled := k.place.known[u.build.name].Includes[u.object]
	k.place.mu.Unlock()
	if !compiled {
		return nil, false
	}
	kept, ok := k.memory.Recall("bots", k.parts(st, u))
	return ws, ok && json.Unmarshal(kept, &ws) == nil
}

// unqualified explains a word of today's kernels to Debian 12's sparse, which without it gives up on
// each of their files.
const unqualified = "-D__typeof_unqual__=__typeof__"

// run has a unit's tool look, and keeps what it says.
func (k *checker) run(ctx context.Context, st series.State, u unit) ([]warning, error) {
	obj := k.place.obj(u.build.name)
	var out string
	var err error
	if u.sparse {
		out, err = said(ctx, obj, "sparse", append([]string{unqualified}, u.Sparse...)...)
	} else {
		out, err = said(ctx, obj, "sh", "-c", u.Compile)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ws := compilerWarnings(out)
	if err != nil && len(ws) == 0 {
		ws = []warning{{File: sourceOf(u.object), Text: fmt.Sprintf("error: %v: %s", err, lastLines(out))}}
	}
	if u.sparse && strings.Contains(out, "error: too many errors") {
		return nil, fmt.Errorf("sparse gives up on %s, so that its warnings are not known: %s", sourceOf(u.object), lastLines(out))
	}
	if u.sparse {
		return ws, k.keep(st, u, ws)
	}
	includes, depErr := k.includes(u)
	if depErr != nil && err == nil {
		return nil, depErr
	}
	k.include(u, includes)
	if u.Module == "" && err == nil {
		helpers, err := k.helpers(ctx, u)
		if err != nil {
			return nil, err
		}
		ws = append(ws, helpers...)
	}
	mark := filepath.Join(obj, u.object+".bots")
	if err == nil {
		err = os.WriteFile(mark, []byte(k.stamp(st, u)), 0o644)
	} else if err = os.Remove(mark); errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return ws, errors.Join(err, k.keep(st, u, ws))
}

// stamp identifies the content of an object that lies in its object tree.
func (k *checker) stamp(st series.State, u unit) string {
	return checksum.Bytes([]byte(strings.Join(k.parts(st, u), "\n")))
}

// keep keeps what a unit's tool has said.
func (k *checker) keep(st series.State, u unit, ws []warning) error {
	text, err := json.Marshal(ws)
	if err != nil {
		return err
	}
	return k.memory.Keep("bots", k.parts(st, u), text)
}

// dependency matches a file in what the compiler says that it has read.
var dependency = regexp.MustCompile(`[^\s\\:]+`)

// includes reads which files of the tree an object's compiler has read.
func (k *checker) includes(u unit) (all []string, err error) {
	text, err := os.ReadFile(filepath.Join(k.place.obj(u.build.name), path.Dir(u.object), "."+path.Base(u.object)+".d"))
	if err != nil {
		return nil, fmt.Errorf("what %s includes is not known: %w", u.object, err)
	}
	_, list, _ := strings.Cut(string(text), ":")
	for _, name := range dependency.FindAllString(list, -1) {
		if inTree, ok := strings.CutPrefix(name, "../"); ok {
			all = append(all, path.Clean(inTree))
		}
	}
	return all, nil
}

// include adds to what an object has been seen to include; its own source is among it.
func (k *checker) include(u unit, names []string) {
	k.place.mu.Lock()
	defer k.place.mu.Unlock()
	known := k.place.known[u.build.name]
	all := slices.Concat(known.Includes[u.object], names, []string{sourceOf(u.object)})
	slices.Sort(all)
	known.Includes[u.object] = slices.Compact(all)
}

// helper matches functions of libgcc that the kernel does not have: a division of 64 bit calls one
// on 32 bit.
var helper = regexp.MustCompile(`(?m)^ +U (__(?:u?div|u?mod)di3|__u?divmoddi4)$`)

// helpers complains of calls of libgcc in an object that is built in, and has no modpost.
func (k *checker) helpers(ctx context.Context, u unit) (ws []warning, err error) {
	out, err := said(ctx, k.place.obj(u.build.name), "nm", "-u", u.object)
	if err != nil {
		return nil, fmt.Errorf("nm of %s: %w: %s", u.object, err, lastLines(out))
	}
	for _, m := range helper.FindAllStringSubmatch(out, -1) {
		ws = append(ws, warning{File: sourceOf(u.object), Text: "error: calls " + m[1] + ", which the kernel does not have"})
	}
	return ws, nil
}
