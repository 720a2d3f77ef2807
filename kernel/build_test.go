// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/usage"
	"mdlife/kernel/internal/faketree"
)

func TestBuildThenCache(t *testing.T) {
	req := fakeRequest(t, nil)
	first := build(t, req)
	if first.Cached || compiled(t, first) != "a.o b.o c.o" {
		t.Errorf("first build: cached %v, compiled %q", first.Cached, compiled(t, first))
	}
	for _, name := range []string{"bzImage", "vmlinux", ".config", "build.log", Racepoint} {
		if faketree.Read(t, first.Dir, name) == "" {
			t.Errorf("%s is missing in %s", name, first.Dir)
		}
	}
	if first.Release != "6.1.0-fake" || !strings.Contains(faketree.Read(t, first.Dir, ".config"), "CONFIG_MD_RAID1=y\n") {
		t.Errorf("release %q, or .config lacks what the fragments ask for", first.Release)
	}
	second := build(t, req)
	if !second.Cached || second.Key != first.Key || second.Release != first.Release || second.Version != first.Version {
		t.Errorf("second build: %+v, want a cached %+v", second, first)
	}
	newVersion(t, req, map[string]string{"b.c": "other\n"})
	third := build(t, req)
	if third.Key == first.Key || compiled(t, third) != "b.o" || !strings.Contains(faketree.Read(t, third.Dir, "bzImage"), "other") {
		t.Errorf("after a change of the base: compiled %q", compiled(t, third))
	}
}

// TestPartsHaveSlots: to build one part after the other compiles of each what differs from the
// last time, and not what differs from the other part.
func TestPartsHaveSlots(t *testing.T) {
	req := fakeRequest(t, nil)
	req.Variant = VariantPatched
	req.PatchDir = faketree.PatchDir(t, []string{"one", "two"}, map[string]string{"one/series": "1.patch\n", "two/series": "2.patch\n",
		"one/1.patch": faketree.Diff("2", "a2", "A2"),
		"two/2.patch": "diff --git a/b.c b/b.c\n--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-b\n+B\n"})
	expect := func(part, files string) {
		t.Helper()
		req.Parts = []string{part}
		if got := compiled(t, build(t, req)); got != files {
			t.Errorf("part %s: compiled %q, want %q", part, got, files)
		}
	}
	expect("one", "a.o")
	expect("two", "b.o")
	faketree.Write(t, req.PatchDir, map[string]string{"one/1.patch": faketree.Diff("9", "a9", "A9")})
	expect("one", "a.o")
	req.Parts = nil
	if got := compiled(t, build(t, req)); got != "a.o b.o" {
		t.Errorf("both: compiled %q", got)
	}
}

func TestPatchedStartsFromBaseObjects(t *testing.T) {
	req := fakeRequest(t, nil)
	req.Variant = VariantPatched
	req.PatchDir = faketree.PatchDir(t, []string{"1.patch", "2.patch"}, map[string]string{
		"1.patch": faketree.Diff("2", "a2", "A2"),
		"2.patch": "diff --git a/b.c b/b.c\n--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-b\n+B\n"})
	r := build(t, req)
	if got := compiled(t, r); got != "a.o b.o" {
		t.Errorf("the patched kernel compiled %q, want only the patched files", got)
	}
	if image := faketree.Read(t, r.Dir, "bzImage"); !strings.Contains(image, "A2") || !strings.Contains(image, "B\n") {
		t.Errorf("the patches are not in the kernel: %q", image)
	}
	req.Variant = VariantBase
	base := build(t, req)
	if !base.Cached || strings.Contains(faketree.Read(t, base.Dir, "bzImage"), "A2") {
		t.Error("the base kernel was not built on the way, or it is patched")
	}
	src, err := SourceTree(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(faketree.Read(t, src, "a.c"), "A2") {
		t.Error("the pristine source has changed")
	}

	// Fewer patches: b.c is back to what it was, with objects that are not.
	req.Variant, req.Upto = VariantPatched, 1
	r = build(t, req)
	if image := faketree.Read(t, r.Dir, "bzImage"); compiled(t, r) != "b.o" || strings.Contains(image, "B\n") {
		t.Errorf("upto 1: compiled %q, image %q", compiled(t, r), image)
	}
	// An edited patch.
	faketree.Write(t, req.PatchDir, map[string]string{"1.patch": faketree.Diff("2", "a2", "edited")})
	req.Upto = 0
	r = build(t, req)
	if image := faketree.Read(t, r.Dir, "bzImage"); compiled(t, r) != "a.o b.o" || !strings.Contains(image, "edited") || strings.Contains(image, "A2") {
		t.Errorf("edited patch: compiled %q, image %q", compiled(t, r), image)
	}
}

func TestDebugHasItsOwnConfig(t *testing.T) {
	req := fakeRequest(t, nil)
	req.Variant, req.PatchDir = VariantDebug, faketree.PatchDir(t, nil, nil)
	r := build(t, req)
	if !strings.Contains(faketree.Read(t, r.Dir, ".config"), "CONFIG_KASAN=y\n") || compiled(t, r) != "a.o b.o c.o" {
		t.Errorf("compiled %q", compiled(t, r))
	}
}

func TestCompileErrorShowsLines(t *testing.T) {
	req := fakeRequest(t, map[string]string{"b.c": "ERROR\n"})
	_, err := Build(t.Context(), req)
	log := filepath.Join(req.CacheDir, "work", "fake-base", "build.log")
	if err == nil || !strings.Contains(err.Error(), "b.c:1:7: error: 'x' undeclared") || !strings.Contains(err.Error(), log) {
		t.Errorf("got %v", err)
	}
	if faketree.Read(t, log) == "" {
		t.Error("the log that the error names is not there")
	}
	newVersion(t, req, map[string]string{"b.c": "good\n"})
	if r := build(t, req); !strings.Contains(faketree.Read(t, r.Dir, "bzImage"), "good") {
		t.Error("the build after the error lacks the repaired file")
	}
}

func TestRacepointIsBuiltForEachKernel(t *testing.T) {
	req := fakeRequest(t, nil)
	first := build(t, req)
	if ko := faketree.Read(t, first.Dir, Racepoint); !strings.Contains(ko, "c\n") || !strings.Contains(ko, "register_kprobe") {
		t.Errorf("the module is not made of kernel and source: %d bytes", len(ko))
	}
	newVersion(t, req, map[string]string{"c.c": "other\n"})
	if ko := faketree.Read(t, build(t, req).Dir, Racepoint); !strings.Contains(ko, "other") {
		t.Error("another kernel has the module of the one before")
	}
	newVersion(t, req, map[string]string{"c.c": "third\n", "NO_MODULES": ""})
	_, err := Build(t.Context(), req)
	if err == nil || !strings.Contains(err.Error(), "kernel/racepoint") || !strings.Contains(err.Error(), "no such function") {
		t.Errorf("a module that does not compile: %v", err)
	}
}

// TestRacepointIsMadeBesideTheLink: linking the kernel keeps one processor busy
// only, and the module needs nothing that it makes.
func TestRacepointIsMadeBesideTheLink(t *testing.T) {
	build(t, fakeRequest(t, map[string]string{"LINK_LAST": ""}))
}

// TestKernelThatDoesNotLink ends the making of the module, too, and is the error
// that is told.
func TestKernelThatDoesNotLink(t *testing.T) {
	_, err := Build(t.Context(), fakeRequest(t, map[string]string{"LINK_ERROR": ""}))
	if err == nil || !strings.Contains(err.Error(), "cannot link") || strings.Contains(err.Error(), "racepoint") {
		t.Errorf("a kernel that does not link: %v", err)
	}
	if errors.Is(err, context.Canceled) {
		t.Errorf("the making of the module was told of: %v", err)
	}
}

// TestRacepointIsNotMadeAnew: its source keeps its time, so that make does not
// compile it for each kernel.
func TestRacepointIsNotMadeAnew(t *testing.T) {
	req := fakeRequest(t, nil)
	build(t, req)
	source := filepath.Join(req.CacheDir, "work", "fake-base", "racepoint", "point.c")
	before, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	newVersion(t, req, map[string]string{"c.c": "other\n"})
	build(t, req)
	if after, err := os.Stat(source); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("point.c was written again: %v", err)
	}
	if err := os.WriteFile(source, []byte("spoiled"), 0o644); err != nil {
		t.Fatal(err)
	}
	newVersion(t, req, map[string]string{"c.c": "another\n"})
	if ko := faketree.Read(t, build(t, req).Dir, Racepoint); !strings.Contains(ko, "register_kprobe") {
		t.Error("a spoiled source was kept")
	}
}

func TestRacepointIsPartOfTheKey(t *testing.T) {
	a, b := job{name: "x", module: "1"}, job{name: "x", module: "2"}
	if a.key() == b.key() {
		t.Error("kernels with different modules share a key")
	}
}

func TestUsageErrors(t *testing.T) {
	if _, err := FindBase("6.2"); !errors.Is(err, usage.Err) || err.Error() != `no base "6.2"; known bases: 6.1, 6.12, mainline` {
		t.Errorf("FindBase: %v", err)
	}
	for _, b := range Bases() {
		if found, err := FindBase(b.Name); err != nil || found.Package != b.Package {
			t.Errorf("FindBase(%s): %v", b.Name, err)
		}
	}
	noMakefile, noVersion, noKconfig := t.TempDir(), t.TempDir(), t.TempDir()
	faketree.Write(t, noVersion, map[string]string{"Makefile": "all:\n", "Kconfig": ""})
	faketree.Write(t, noKconfig, map[string]string{"Makefile": "VERSION = 6\n"})
	for tree, want := range map[string]string{
		noMakefile: "has no Makefile", noVersion: "sets no VERSION", noKconfig: "has no Kconfig", "/no/such/tree": "no such file",
	} {
		_, err := Build(t.Context(), Request{Tree: tree, CacheDir: t.TempDir()})
		if !errors.Is(err, usage.Err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("tree %s: %v, want one line with %q", tree, err, want)
		}
	}
	for _, req := range []Request{{Variant: "fast"}, {Upto: -1}, {}} {
		req.CacheDir = t.TempDir()
		if _, err := Build(t.Context(), req); !errors.Is(err, usage.Err) {
			t.Errorf("%+v: %v", req, err)
		}
	}
}

func TestMissingToolsAllAtOnce(t *testing.T) {
	req := fakeRequest(t, nil)
	bin := t.TempDir()
	for _, tool := range []string{"gcc", "ld", "make", "git", "tar", "xz", "perl", "cp", "lz4"} {
		faketree.Write(t, bin, map[string]string{tool: "#!/bin/sh\n"})
		if err := os.Chmod(filepath.Join(bin, tool), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	err := checkTools(t.Context())
	if err == nil || err.Error() != "missing tools: apt-get install bc bison flex" {
		t.Errorf("got %v", err)
	}
	faketree.Write(t, bin, map[string]string{"gcc": "#!/bin/sh\nexit 1\n", "bc": "", "bison": "", "flex": ""})
	for _, tool := range []string{"bc", "bison", "flex"} {
		os.Chmod(filepath.Join(bin, tool), 0o755)
	}
	if err := checkTools(t.Context()); err == nil || !strings.Contains(err.Error(), "apt-get install libc6-dev libelf-dev") {
		t.Errorf("without headers: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Build(t.Context(), req); err == nil || !strings.Contains(err.Error(), "apt-get install bc binutils bison") {
		t.Errorf("without any, before a source is looked for: %v", err)
	}
}

func TestOffendingLines(t *testing.T) {
	log := "  CC      drivers/md/md.o\n../drivers/md/md.c:10:2: error: expected ';'\n../drivers/md/md.c:9:1: warning: unused\n" +
		"ld: md.o: undefined reference to `nosuch'\nmake[3]: *** [drivers/md/md.o] Error 1\n"
	got := offending([]byte(log))
	if got != "drivers/md/md.c:10:2: error: expected ';'\nld: md.o: undefined reference to `nosuch'" {
		t.Errorf("got %q", got)
	}
	if got := offending([]byte(strings.Repeat("x.c:1: error: y\n", 14))); strings.Count(got, "error:") != 10 || !strings.HasSuffix(got, "and 4 more") {
		t.Errorf("fourteen errors: %q", got)
	}
	if got := offending([]byte("one\ntwo\n")); got != "one\ntwo" {
		t.Errorf("no error lines: %q", got)
	}
}

func TestMakeEnv(t *testing.T) {
	env := strings.Join(MakeEnv([]string{"PATH=/bin", "MAKEFLAGS=-j1 --jobserver-auth=3,4", "ARCH=arm", "KBUILD_OUTPUT=/x", "CC=clang", "KCONFIG_CONFIG=/y"}), "\n")
	for _, bad := range []string{"jobserver", "arm", "/x", "clang", "/y"} {
		if strings.Contains(env, bad) {
			t.Errorf("%s got through to make", bad)
		}
	}
	if !strings.Contains(env, "PATH=/bin") || !strings.Contains(env, "KBUILD_BUILD_TIMESTAMP=") {
		t.Errorf("env is %s", env)
	}
}
