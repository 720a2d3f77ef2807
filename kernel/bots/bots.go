// SPDX-License-Identifier: BSD-3-Clause

// Package bots does to each patch of a series what the robots of the kernel's lists do to it: it
// builds what the patch touches with more warnings and with several tools, as it is before the
// patch and as it is after it, and counts what is new alone.
//
// There are three builds of allmodconfig: gcc and clang for 64 bit, with W=1, and gcc for 32 bit.
// Kbuild is asked once how an object is made, and then the compilers are started without it. What
// a tool says of a content is kept in the cache, so that only what has changed is built again.
//
// The cache directory work/bots-SOURCE holds
//
//	src/        the source with hard links to the pristine one, in which the files that the
//	            series touches go from one state to the next
//	src/obj-*/  an object tree for each build
//	known.json  how each object is made, and what it includes
package bots

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"mdlife/internal/progress"
	"mdlife/internal/remember"
	"mdlife/kernel/series"
)

// Options say where and how the checks run.
type Options struct {
	CacheDir string
	Jobs     int               // how many tools run at a time; 0 is one for each processor
	Progress *progress.Tracker // may be nil
}

// The checks, in the order in which they are reported.
const (
	gccCheck    = "gcc W=1"
	clangCheck  = "clang W=1"
	sparseCheck = "sparse"
	bits32Check = "32 bit"
	moduleCheck = "modules"
	cocciCheck  = "coccinelle"
	spellCheck  = "spelling"
)

// checker checks the patches of one series.
type checker struct {
	series.Check
	memory  remember.Memory
	jobs    int
	place   *place
	tools   map[string]string // the version of each
	scripts []script          // of coccinelle
	exports exports           // of the pristine source
	unbuilt map[string]bool   // what no build of a check makes, as it was said
	note    func(format string, args ...any)
}

// Check checks each patch of the series for new warnings. A check of which all that a tool has
// said was kept has Remembered set, if it passed.
func Check(ctx context.Context, c series.Check, o Options) ([]series.Result, error) {
	if err := Require(); err != nil {
		return nil, err
	}
	states, err := c.States(ctx)
	if err != nil {
		return nil, err
	}
	k, err := newChecker(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer k.close()
	var results []series.Result
	for i, p := range c.Own() {
		phase := o.Progress.Start(fmt.Sprintf("bots, patch %d of %d", i+1, len(c.Own())))
		found, err := k.patch(ctx, p, states[c.Ground+i], states[c.Ground+i+1])
		phase.End(err)
		if err != nil {
			return results, fmt.Errorf("%s: %w", p.Name, err)
		}
		results = append(results, found...)
	}
	return results, nil
}

// newChecker opens the place to build in. Without a memory, what is found is kept for this run.
func newChecker(ctx context.Context, c series.Check, o Options) (k *checker, err error) {
	k = &checker{Check: c, memory: c.Memory, jobs: o.Jobs, unbuilt: map[string]bool{}, note: o.Progress.Printf}
	if k.jobs <= 0 {
		k.jobs = runtime.NumCPU()
	}
	if k.tools, err = versions(ctx); err != nil {
		return nil, err
	}
	if k.scripts, err = scriptsOf(c.Source); err != nil {
		return nil, err
	}
	if k.place, err = openPlace(ctx, c.Source, o); err != nil {
		return nil, err
	}
	if k.memory == (remember.Memory{}) {
		k.memory = remember.Open(k.place.scratch)
	}
	if k.exports, err = k.exportsOf(ctx); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// close gives the place back.
func (k *checker) close() { k.place.close() }

// patch checks one patch.
func (k *checker) patch(ctx context.Context, p series.Patch, before, after series.State) ([]series.Result, error) {
	new, err := k.compilers(ctx, p, before, after)
	if err != nil {
		return nil, err
	}
	names := []string{gccCheck, clangCheck, sparseCheck, bits32Check, moduleCheck}
	for _, check := range []struct {
		name string
		find func(context.Context, series.Patch, series.State, series.State) ([]warning, bool, error)
	}{{cocciCheck, k.coccinelle}, {spellCheck, k.spelling}} {
		found, asked, err := check.find(ctx, p, before, after)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", check.name, err)
		}
		new[check.name] = finding{found, asked}
		names = append(names, check.name)
	}
	var results []series.Result
	for _, name := range names {
		r := series.Result{Name: name + " " + p.Name, Detail: listed(new[name].warnings)}
		r.Remembered = r.OK() && !new[name].asked
		results = append(results, r)
	}
	return results, nil
}

// finding is what a check has found new, and whether a tool had to be asked for it.
type finding struct {
	warnings []warning
	asked    bool
}

// compilers are the checks that compile, by their names. What two of them say is told of the
// first alone.
func (k *checker) compilers(ctx context.Context, p series.Patch, before, after series.State) (map[string]finding, error) {
	objects, err := k.objects(p, before, after)
	if err != nil {
		return nil, err
	}
	var said [2]map[string]outcome
	for i, st := range []series.State{before, after} {
		if said[i], err = k.build(ctx, st, objects, i == 1); err != nil {
			return nil, err
		}
	}
	new := map[string]finding{}
	var told []warning
	for _, name := range []string{gccCheck, moduleCheck, clangCheck, sparseCheck, bits32Check} {
		f := finding{asked: said[0][name].asked || said[1][name].asked}
		for _, w := range onlyIn(said[1][name].warnings, said[0][name].warnings) {
			if !slices.ContainsFunc(told, w.same) {
				f.warnings = append(f.warnings, w)
			}
		}
		told = append(told, f.warnings...)
		new[name] = f
	}
	return new, nil
}

// listed are the warnings as lines.
func listed(ws []warning) string {
	var lines []string
	for _, w := range ws {
		lines = append(lines, w.String())
	}
	return strings.Join(lines, "\n")
}

// placeOf is the directory in which the checks of a source build.
func placeOf(cacheDir, source string) string {
	return filepath.Join(cacheDir, "work", "bots-"+filepath.Base(source))
}

// exists reports whether there is such a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
