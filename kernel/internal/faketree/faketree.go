// SPDX-License-Identifier: BSD-3-Clause

// Package faketree makes small trees that pass for a kernel, and patches for them:
// the fixture of the tests of kernel/ and the packages below it.
package faketree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mdlife/internal/proc"
)

// Makefile stands in for Kbuild: it "compiles" each .c file by copying it,
// and links by concatenation. A source can ask for trouble: ERROR does not
// compile, SLOW writes half of its object and then hangs until the file "go"
// appears beside the source tree, FULL leaves half an object on a full disk.
// Of files, NO_MODULES keeps modules from compiling, LINK_LAST the kernel from
// being linked before the module is, and with LINK_ERROR the kernel cannot be
// linked, while the module takes for ever.
const Makefile = `VERSION = 6
PATCHLEVEL = 1
.DELETE_ON_ERROR:
srcs := $(sort $(wildcard *.c))
objs := $(srcs:%.c=$(O)/%.o)
tinyconfig:
	@echo '# CONFIG_64BIT is not set' > $(O)/.config
olddefconfig:
	@if [ -e Kconfig.lost ]; then grep -v -f Kconfig.lost $(O)/.config > $(O)/c; mv $(O)/c $(O)/.config; fi
bzImage: $(objs)
	@mkdir -p $(O)/arch/x86/boot $(O)/include/config
	@echo 6.1.0-fake > $(O)/include/config/kernel.release
	@echo "  LD      .tmp_vmlinux1"
	@if [ -e LINK_LAST ]; then for i in $$(seq 50); do [ -e ../racepoint/racepoint.ko ] && break; sleep 0.1; done; fi
	@if [ -e LINK_LAST ] && [ ! -e ../racepoint/racepoint.ko ]; then echo "ld: error: linked first"; exit 1; fi
	@if [ -e LINK_ERROR ]; then echo "ld: error: cannot link"; exit 1; fi
	@cat $(objs) > $(O)/vmlinux
	@cp $(O)/vmlinux $(O)/arch/x86/boot/bzImage
modules:
	@if [ -n "$(M)" ] && [ -e NO_MODULES ]; then echo "$(M)/point.c:1:1: error: no such function"; exit 1; fi
	@if [ -n "$(M)" ] && [ -e LINK_ERROR ]; then for i in $$(seq 300); do sleep 0.2; done; fi
	@if [ -n "$(M)" ]; then cat $(objs) $(M)/point.c > $(M)/racepoint.ko; fi
$(O)/%.o: %.c
	@echo "  CC      $*.o"
	@if grep -q ERROR $<; then echo "../$<:1:7: error: 'x' undeclared"; exit 1; fi
	@if grep -q FULL $<; then (trap '' PIPE; printf half > $@.tmp; mv $@.tmp $@); echo "as: $@: No space left on device"; kill -9 $$PPID; fi
	@if grep -q SLOW $< && [ ! -e ../go ]; then printf half > $@; touch ../slow; for i in $$(seq 300); do sleep 0.2; done; fi
	@cp --no-preserve=all $< $@
`

// New writes a tree that passes for a kernel, with files by path, and
// returns its directory.
func New(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	Write(t, dir, map[string]string{
		"Makefile": Makefile, "Kconfig": "mainmenu \"fake\"\n", ".gitignore": ".*\n*.o\n!.gitignore\n",
		"a.c": "a1\na2\na3\na4\na5\na6\na7\na8\na9\na10\n", "b.c": "b\n", "c.c": "c\n",
	})
	Write(t, dir, files)
	return dir
}

// Write writes files by path below dir.
func Write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Read returns a file's text, "" if it is not there.
func Read(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// Diff is a patch that replaces one line of a.c.
func Diff(line, from, to string) string {
	at := map[string]string{"2": "1", "9": "8"}[line]
	before, after := "a"+at, map[string]string{"2": "a3", "9": "a10"}[line]
	return "Subject: [PATCH] fake\n\nChange a line.\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n" +
		"@@ -" + at + ",3 +" + at + ",3 @@\n " + before + "\n-" + from + "\n+" + to + "\n " + after + "\n-- \n2.39\n"
}

// PatchDir writes a series of the given patches, in the order of names.
func PatchDir(t *testing.T, names []string, patches map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	Write(t, dir, patches)
	Write(t, dir, map[string]string{"series": "# a comment\n\n" + strings.Join(names, "\n") + "\n"})
	return dir
}

// Snapshot describes every file of a tree: path, inode, times and content.
func Snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		stat := info.Sys().(*syscall.Stat_t)
		all[name] = fmt.Sprint(info.ModTime(), info.Mode(), stat.Ino, Read(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Git runs a git command in dir, as a person does, and returns what it prints.
func Git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := proc.ScratchGit(dir, args...)
	cmd.Env = append(cmd.Env,
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@localhost", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@localhost")
	out, err := proc.Output(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Run runs a tool that must succeed.
func Run(t *testing.T, name string, args ...string) {
	t.Helper()
	if _, err := proc.Output(t.Context(), proc.Command(name, args...)); err != nil {
		t.Fatal(err)
	}
}

// NewGit makes a fake tree a git repository with one commit.
func NewGit(t *testing.T, files map[string]string) string {
	dir := New(t, files)
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "-A"}, {"commit", "--quiet", "-m", "m"}} {
		Git(t, dir, args...)
	}
	return dir
}
