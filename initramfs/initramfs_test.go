// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"context"
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestCommands compares the commands of the image with what the compiler takes for the
// imports of tools.go.
func TestCommands(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "tools.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imported []string
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imported = append(imported, path)
	}
	if !slices.Equal(imported, commandPaths()) {
		t.Errorf("tools.go imports %v\nthe image has %v", imported, commandPaths())
	}
	for _, name := range []string{"init", "gosh"} {
		if !slices.Contains(commands, name) {
			t.Errorf("no %s: the image does not boot", name)
		}
	}
}

// TestBaseOrder checks that everything in the base layer comes after the
// directory that it is in, and that the links of a merged /usr lead there.
func TestBaseOrder(t *testing.T) {
	files, err := baseLayer{}.files()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{".": true}
	for _, r := range files {
		if !seen[path.Dir(r.Name)] {
			t.Errorf("%s comes before its directory", r.Name)
		}
		seen[r.Name] = true
	}
	for _, name := range []string{"init", "bin", "lib64", "etc/passwd", "etc/group", "etc/mdadm/mdadm.conf", "dev/console"} {
		if !seen[name] {
			t.Errorf("no %s", name)
		}
	}
}

// TestTree picks files and their libraries out of small packages, made of this
// machine's own programs.
func TestTree(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, from := range map[string]string{
		"bin/true":                                  "/bin/true",
		"lib/x86_64-linux-gnu/libc.so.6":            "/lib/x86_64-linux-gnu/libc.so.6",
		"lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": "/lib64/ld-linux-x86-64.so.2",
		"lib/x86_64-linux-gnu/libm.so.6":            "/lib/x86_64-linux-gnu/libm.so.6",
		"usr/lib/udev/rules.d/60.rules":             "commands.go",
		"usr/lib/udev/hwdb.d/20.hwdb":               "commands.go",
	} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		p := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, data, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(root, "lib64"), 0o755),
		os.Symlink("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", filepath.Join(root, "lib64/ld-linux-x86-64.so.2")),
		os.Symlink("true", filepath.Join(root, "bin/yes"))); err != nil {
		t.Fatal(err)
	}
	tr, err := readTree(root)
	if err != nil {
		t.Fatal(err)
	}
	names, err := tr.pick([]string{"usr/bin/yes", "usr/lib/udev"}, []string{"usr/lib/udev/hwdb.d"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := tr.withLibraries(names)
	want := []string{
		"usr/bin/true", "usr/bin/yes", "usr/lib/udev/rules.d/60.rules",
		"usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu/libc.so.6",
		"usr/lib64/ld-linux-x86-64.so.2",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v\nwant %v", got, err, want)
	}
	delete(tr, "usr/lib/x86_64-linux-gnu/libc.so.6")
	if _, err := tr.withLibraries(names); err == nil || !strings.Contains(err.Error(), "usr/bin/true needs libc.so.6") {
		t.Errorf("without libc: %v", err)
	}
	if _, err := tr.pick([]string{"usr/sbin/mdadm"}, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "usr/sbin/mdadm") {
		t.Errorf("without mdadm: %v", err)
	}
}

// TestGuestLayer builds a program, and again, and again after a change.
func TestGuestLayer(t *testing.T) {
	root := t.TempDir()
	source := func(text string) {
		t.Helper()
		main := "package main\n\nfunc main() { println(\"" + text + "\") }\n"
		if err := errors.Join(os.MkdirAll(filepath.Join(root, "tools/prog"), 0o755),
			os.WriteFile(filepath.Join(root, "go.mod"), []byte("module prog\n\ngo 1.26\n"), 0o644),
			os.WriteFile(filepath.Join(root, "tools/prog/main.go"), []byte(main), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	l := &guestLayer{root: root, programs: []string{"tools/prog"}, dir: t.TempDir()}
	key := func() string {
		t.Helper()
		k, err := l.key(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	source("one")
	first := key()
	if again := key(); again != first {
		t.Error("the key changed, the program did not")
	}
	source("two")
	if changed := key(); changed == first {
		t.Error("the program changed, the key did not")
	}
	source("three\n")
	if _, err := l.key(context.Background()); err == nil || !strings.Contains(err.Error(), "main.go:3") {
		t.Errorf("a program that does not compile: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.key(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestParents(t *testing.T) {
	for name, want := range map[string][]string{
		"file": nil, "a/file": {"a"}, "a/b/c/file": {"a", "a/b", "a/b/c"},
	} {
		if got := parents(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
