// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeMakefile stands in for Kbuild: it "compiles" each .c file by copying it,
// and links by concatenation. A source can ask for trouble: ERROR does not
// compile, SLOW writes half of its object and then hangs until the file "go"
// appears beside the source tree, FULL leaves half an object on a full disk.
// Of files, NO_MODULES keeps modules from compiling, LINK_LAST the kernel from
// being linked before the module is, and with LINK_ERROR the kernel cannot be
// linked, while the module takes for ever.
const fakeMakefile = `VERSION = 6
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

// fakeTree writes a tree that passes for a kernel, with files by path, and
// returns its directory.
func fakeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"Makefile": fakeMakefile, "Kconfig": "mainmenu \"fake\"\n", ".gitignore": ".*\n*.o\n!.gitignore\n",
		"a.c": "a1\na2\na3\na4\na5\na6\na7\na8\na9\na10\n", "b.c": "b\n", "c.c": "c\n",
	})
	writeFiles(t, dir, files)
	return dir
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
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

// read returns a file's text, "" if it is not there.
func read(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// fakeRequest asks for a kernel of a fake tree used as a base, in a new cache.
func fakeRequest(t *testing.T, files map[string]string) Request {
	t.Helper()
	return Request{
		Base:     Base{Name: "fake", Tree: fakeTree(t, files)},
		CacheDir: t.TempDir(),
		Jobs:     2,
	}
}

// build builds req and fails the test if that fails.
func build(t *testing.T, req Request) Result {
	t.Helper()
	r, err := Build(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compiled lists the files that a build has compiled, from its log, in the order
// of their names: make has two jobs, which end in any order.
func compiled(t *testing.T, r Result) string {
	t.Helper()
	var files []string
	for line := range strings.Lines(read(t, r.Dir, "build.log")) {
		if file, ok := strings.CutPrefix(line, "  CC      "); ok {
			files = append(files, strings.TrimSpace(file))
		}
	}
	slices.Sort(files)
	return strings.Join(files, " ")
}

// diff is a patch that replaces one line of a.c.
func diff(line, from, to string) string {
	at := map[string]string{"2": "1", "9": "8"}[line]
	before, after := "a"+at, map[string]string{"2": "a3", "9": "a10"}[line]
	return "Subject: [PATCH] fake\n\nChange a line.\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n" +
		"@@ -" + at + ",3 +" + at + ",3 @@\n " + before + "\n-" + from + "\n+" + to + "\n " + after + "\n-- \n2.39\n"
}

// patchDir writes a series of the given patches, in the order of names.
func patchDir(t *testing.T, names []string, patches map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, patches)
	writeFiles(t, dir, map[string]string{"series": "# a comment\n\n" + strings.Join(names, "\n") + "\n"})
	return dir
}
