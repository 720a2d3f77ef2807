// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ints are the algorithms without vectors.
var ints = []string{"int1", "int2", "int4", "int8"}

// unrolledTo are all unrolled versions of sources.
func unrolledTo(stems ...string) []string {
	names := slices.Clone(ints)
	for _, stem := range stems {
		for _, n := range []int{1, 2, 4, 8} {
			names = append(names, fmt.Sprint(stem, n))
		}
	}
	return names
}

// common are the files of every CPU.
func (c Code) common() []string {
	if c.layout.old {
		return []string{"recov", "tables", "algos"}
	}
	return []string{"recov", "tables"}
}

// in is mainline's directory of a file, which older kernels do not have.
func (c Code) in(dir string, files ...string) []string {
	if c.layout.old {
		return files
	}
	var out []string
	for _, f := range files {
		out = append(out, dir+"/"+f)
	}
	return out
}

// allArchs are the CPUs that the code is checked for under qemu-user: x86 with all
// that QEMU emulates, which has neither AVX-512 nor GFNI, and others as far as
// Debian has a cross compiler.
func allArchs() []arch {
	tcg := native
	tcg.name, tcg.packages, tcg.qemu = "x86 under TCG", []string{"qemu-user"}, []string{"qemu-x86_64", "-cpu", "max"}
	return []arch{tcg, i386(), pentium3(), arm64(), powerpc(), s390(), riscv(), loongarch()}
}

func i386() arch {
	return arch{
		name: "i386", cc: "i686-linux-gnu-gcc", packages: []string{"gcc-i686-linux-gnu", "libc6-dev-i386-cross", "qemu-user"},
		qemu: []string{"qemu-i386", "-cpu", "max"}, dir: "x86",
		flags:    []string{"-mgeneral-regs-only", "-DCONFIG_X86", "-DCONFIG_X86_32", "-DCONFIG_AS_AVX512=1"},
		unrolled: func(Code) []string { return ints },
		files: func(c Code) []string {
			return append(c.common(), c.in("x86", "mmx", "sse1", "sse2", "avx2", "avx512", "recov_ssse3", "recov_avx2", "recov_avx512")...)
		},
	}
}

// pentium3 is i386 on a CPU that has neither SSE2 nor clflush: what the code does not
// ask the CPU for ends in SIGILL.
func pentium3() arch {
	a := i386()
	a.name, a.qemu = "i386, Pentium III", []string{"qemu-i386", "-cpu", "pentium3"}
	return a
}

func arm64() arch {
	return arch{
		name: "arm64", cc: "aarch64-linux-gnu-gcc", packages: []string{"gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user"},
		qemu: []string{"qemu-aarch64", "-cpu", "max"}, dir: "arm64",
		flags:    []string{"-DCONFIG_KERNEL_MODE_NEON=1", "-DCONFIG_ARM64=1"},
		unrolled: func(c Code) []string { return unrolledTo(c.in("arm", "neon")...) },
		files: func(c Code) []string {
			return append(c.common(), c.in("arm", "neon", "recov_neon", "recov_neon_inner")...)
		},
	}
}

func powerpc() arch {
	return arch{
		name: "powerpc", cc: "powerpc64le-linux-gnu-gcc", packages: []string{"gcc-powerpc64le-linux-gnu", "libc6-dev-ppc64el-cross", "qemu-user"},
		qemu: []string{"qemu-ppc64le", "-cpu", "power9"}, dir: "powerpc",
		flags:    []string{"-DCONFIG_ALTIVEC=1", "-maltivec"},
		unrolled: func(c Code) []string { return unrolledTo(c.in("powerpc", "altivec", "vpermxor")...) },
		files:    Code.common,
	}
}

func s390() arch {
	return arch{
		name: "s390", cc: "s390x-linux-gnu-gcc", packages: []string{"gcc-s390x-linux-gnu", "libc6-dev-s390x-cross", "qemu-user"},
		qemu: []string{"qemu-s390x", "-cpu", "max"}, dir: "s390",
		// As the kernel: gcc would keep integers in floating point registers, which
		// are parts of the vectors'. Our own program must not rely on them, either.
		flags: []string{"-DCONFIG_S390=1", "-msoft-float"}, checkFlags: []string{"-msoft-float"},
		unrolled: func(c Code) []string { return append(slices.Clone(ints), c.in("s390", "s390vx8")...) },
		files:    func(c Code) []string { return append(c.common(), c.in("s390", "recov_s390xc")...) },
	}
}

func riscv() arch {
	return arch{
		name: "riscv", cc: "riscv64-linux-gnu-gcc", packages: []string{"gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross", "qemu-user"},
		qemu: []string{"qemu-riscv64", "-cpu", "rv64,v=true"}, dir: "riscv",
		unrolled: func(Code) []string { return ints },
		files: func(c Code) []string {
			if c.layout.old { // integers only
				return c.common()
			}
			return append(c.common(), "riscv/rvv", "riscv/recov_rvv")
		},
	}
}

// loongarch has no cross compiler in Debian 12.
func loongarch() arch { return arch{name: "loongarch"} }

// missing says what an architecture lacks on this machine, "" if nothing.
func (a arch) missing() string {
	if a.cc == "" {
		return "Debian 12 has no cross compiler for it"
	}
	for _, tool := range []string{a.cc, a.qemu[0]} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Sprintf("no %s: apt-get install --no-install-recommends %s", tool, strings.Join(a.packages, " "))
		}
	}
	return ""
}

// checkArch compiles the code for another CPU and checks it in an emulator.
func checkArch(ctx context.Context, code Code, a arch, dir, program string) CheckResult {
	if why := a.missing(); why != "" {
		return CheckResult{Name: a.name, Missing: why}
	}
	if a.cc != native.cc {
		var err error
		if program, err = code.checker(ctx, a, filepath.Clean(dir)); err != nil {
			return CheckResult{Name: a.name, Summary: "it does not compile", Output: err.Error()}
		}
	}
	r := runCheck(ctx, a.name, a.qemu, program, "-short")
	if r.OK && code.layout.old {
		selected := runSelect(ctx, a.qemu, program)
		r.OK, r.Output = selected.OK, r.Output+selected.Output
		r.Summary += ", " + selected.Summary
	}
	return r
}
