// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mdlife/internal/proc"
	"mdlife/kernel"
	"mdlife/kernel/series"
)

// layout is where a base keeps its RAID-6 code.
type layout struct {
	lib  string   // directory
	old  bool     // 6.1's and 6.12's, which builds in user space by itself
	copy []string // all that the series touches
}

func layoutOf(source string) (layout, error) {
	for _, l := range []layout{
		{"lib/raid6", true, []string{"lib/raid6", "include/linux/raid", "arch/x86/Kconfig.assembler"}},
		{"lib/raid/raid6", false, []string{"lib/raid", "include/linux/raid"}},
	} {
		if _, err := os.Stat(filepath.Join(source, l.lib, "mktables.c")); err == nil {
			return l, nil
		}
	}
	return layout{}, fmt.Errorf("%s has no lib/raid6 that we know", source)
}

// Code is RAID-6 code from a kernel's source, copied to a place of its own.
type Code struct {
	Dir    string // with lib/ and include/
	layout layout
	root   string // of the repository
	source string // the whole of the kernel's, for headers; never written to
}

// CopyCode copies the code out of a base's source, and applies the first upto
// patches of patchDir (0: all) unless that is "".
func CopyCode(ctx context.Context, req kernel.Request, root, patchDir string, upto int, dir string) (Code, error) {
	source, err := kernel.SourceTree(ctx, req)
	if err != nil {
		return Code{}, err
	}
	l, err := layoutOf(source)
	if err != nil {
		return Code{}, err
	}
	for _, path := range l.copy {
		if err := copyTree(filepath.Join(source, path), filepath.Join(dir, path)); err != nil {
			return Code{}, err
		}
	}
	if patchDir != "" {
		err = series.Apply(ctx, dir, patchDir, upto)
	}
	return Code{dir, l, root, source}, err
}

// copyTree copies a file, or a directory of plain files.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}

// lib is the directory of the algorithms.
func (c Code) lib() string { return filepath.Join(c.Dir, c.layout.lib) }

// ours is the directory of our own C code.
func (c Code) ours() string { return filepath.Join(c.root, "benchmarks/raid6/c") }

// has reports whether there is such a file among the algorithms.
func (c Code) has(name string) bool {
	_, err := os.Stat(filepath.Join(c.lib(), name))
	return err == nil
}

// generate makes the tables and unrolled sources that the kernel's Makefile
// makes, as far as they are asked for.
func (c Code) generate(ctx context.Context, unrolled []string) error {
	mktables := filepath.Join(c.Dir, "mktables")
	if err := run(ctx, c.lib(), "gcc", "-o", mktables, "mktables.c"); err != nil {
		return err
	}
	tables, err := proc.Output(ctx, proc.Command(mktables))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.lib(), "tables.c"), tables, 0o644); err != nil {
		return err
	}
	for _, name := range unrolled {
		if err := c.unroll(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// unroll makes NAME<n>.c of NAME.uc.
func (c Code) unroll(ctx context.Context, name string) error {
	stem := strings.TrimRight(name, "0123456789")
	n, err := strconv.Atoi(strings.TrimPrefix(name, stem))
	if err != nil {
		return fmt.Errorf("%s: not a name with a number", name)
	}
	text, err := os.ReadFile(filepath.Join(c.lib(), stem+".uc"))
	if err != nil {
		return err
	}
	cmd := proc.Command("awk", "-v", fmt.Sprintf("N=%d", n), "-f", filepath.Join(c.lib(), "unroll.awk"))
	cmd.Stdin = bytes.NewReader(text)
	out, err := proc.Output(ctx, cmd)
	if err != nil {
		return fmt.Errorf("awk unroll.awk for %s: %w", name, err)
	}
	return os.WriteFile(filepath.Join(c.lib(), name+".c"), out, 0o644)
}

// run runs a tool; what it printed is in the error.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := proc.Command(name, args...)
	cmd.Dir = dir
	out, err := proc.Combined(ctx, cmd)
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w (apt-get install %s)", err, filepath.Base(name))
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// x86Files lists the files for x86-64, in the order of a Makefile.
func (c Code) x86Files() []string {
	files := []string{"recov", "tables"}
	dir := "x86/"
	if c.layout.old {
		files, dir = append(files, "algos", "mmx", "sse1"), ""
	}
	for _, f := range []string{"sse2", "avx2", "avx512", "recov_ssse3", "recov_avx2", "recov_avx512", "gfni_avx2", "gfni_avx512"} {
		if c.has(dir + f + ".c") {
			files = append(files, dir+f)
		}
	}
	return files
}

// cflags are for the kernel's code and the glue. The kernel's assembler lines
// declare no registers that they change, which is fine as long as the compiler
// uses no vectors of its own.
func (c Code) cflags(a arch) []string {
	shim := filepath.Join(c.ours(), "shim")
	headers := filepath.Join(c.source, "arch", a.dir, "include")
	flags := []string{"-O2", "-g", "-fPIC", "-Wno-attributes", "-I" + filepath.Join(shim, a.dir), "-I" + shim}
	flags = append(flags, a.flags...)
	if a.dir != native.dir { // what our own headers leave to the kernel's
		flags = append(flags, "-idirafter", headers, "-Wa,-I"+headers)
	}
	for _, dir := range []string{".", a.dir} {
		flags = append(flags, "-I"+filepath.Join(c.lib(), dir))
	}
	flags = append(flags, "-I"+filepath.Join(c.Dir, "include"), "-I"+c.ours())
	if slices.Contains(a.flags, "-DCONFIG_X86_64") && (c.has("x86/gfni_avx512.c") || c.has("gfni_avx512.c")) {
		flags = append(flags, "-DCONFIG_AS_GFNI=1", "-DHAVE_MATRICES")
	}
	return flags
}

// arch is a kind of CPU that code is compiled for.
type arch struct {
	name     string   // the kernel's
	cc       string   // compiler
	packages []string // Debian packages with the compiler, its libraries and QEMU
	qemu     []string // what runs its programs; nil: this machine
	flags    []string
	dir      string                // mainline's directory
	files    func(c Code) []string // without the generated ones
	unrolled func(c Code) []string // generated by unroll.awk

	checkFlags []string // for our program, which calls it all
}

// native is x86-64 on this machine.
var native = arch{
	name: "x86", cc: "gcc", dir: "x86",
	flags:    []string{"-mgeneral-regs-only", "-DCONFIG_X86", "-DCONFIG_X86_64", "-DCONFIG_AS_AVX512=1"},
	files:    Code.x86Files,
	unrolled: func(Code) []string { return []string{"int1", "int2", "int4", "int8"} },
}

// compile makes objects of the kernel's files and the glue in dir.
func (c Code) compile(ctx context.Context, a arch, dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	unrolled := a.unrolled(c)
	if err := c.generate(ctx, unrolled); err != nil {
		return nil, err
	}
	glue := filepath.Join(c.ours(), "glue_mainline.c")
	if c.layout.old {
		glue = filepath.Join(c.ours(), "glue.c")
	}
	var objects []string
	for _, f := range append(slices.Concat(a.files(c), unrolled), glue) {
		source := f
		if !filepath.IsAbs(f) {
			source = filepath.Join(c.lib(), f+".c")
		}
		stem := strings.TrimSuffix(filepath.Base(source), ".c")
		object := filepath.Join(dir, stem+".o")
		args := append(c.cflags(a), "-c", source, "-o", object)
		if err := run(ctx, c.lib(), a.cc, args...); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// Shared links the code for this machine into one shared object.
func (c Code) Shared(ctx context.Context, dir string) (string, error) {
	objects, err := c.compile(ctx, native, dir)
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "raid6.so")
	return out, run(ctx, dir, native.cc, append([]string{"-shared", "-Wl,-Bsymbolic", "-o", out}, objects...)...)
}

// checker links the program that checks the code.
func (c Code) checker(ctx context.Context, a arch, dir string) (string, error) {
	objects, err := c.compile(ctx, a, dir)
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "check")
	args := []string{"-O2", "-g", "-static", "-I" + c.ours(), "-o", out, filepath.Join(c.ours(), "check.c")}
	return out, run(ctx, dir, a.cc, slices.Concat(args, a.checkFlags, objects)...)
}

// kunit links mainline's KUnit file into a program of this machine; "" where a base
// has none.
func (c Code) kunit(ctx context.Context, dir string) (string, error) {
	if c.layout.old {
		return "", nil
	}
	objects, err := c.compile(ctx, native, dir)
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "kunit")
	args := append(c.cflags(native), "-I"+filepath.Join(c.ours(), "shim/kunit"), "-o", out, filepath.Join(c.lib(), "tests/raid6_kunit.c"), filepath.Join(c.ours(), "kunit_main.c"))
	return out, run(ctx, dir, native.cc, append(args, objects...)...)
}

// libs are the shared objects of a benchmark.
type libs struct{ stock, patched, engine string }

// buildLibs compiles the base's code without and with the series, and the engine.
func (c Config) buildLibs(ctx context.Context) (l libs, err error) {
	phase := c.Progress.Start("compile lib/raid6")
	defer func() { phase.End(err) }()
	req := kernel.Request{Base: c.Base, CacheDir: c.CacheDir, Progress: c.Progress}
	for _, b := range []struct {
		so          *string
		name, patch string
	}{{&l.stock, "stock", ""}, {&l.patched, "patched", c.PatchDir}} {
		code, err := CopyCode(ctx, req, c.Root, b.patch, 0, filepath.Join(c.WorkDir, b.name, "src"))
		if err != nil {
			return l, err
		}
		if *b.so, err = code.Shared(ctx, filepath.Join(c.WorkDir, b.name)); err != nil {
			return l, err
		}
	}
	l.engine = filepath.Join(c.WorkDir, "engine.so")
	ours := filepath.Join(c.Root, "benchmarks/raid6/c")
	return l, run(ctx, ours, "gcc", "-O2", "-Wall", "-fPIC", "-shared", "-o", l.engine, "engine.c")
}
