// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"

	"mdlife/internal/cachedir"
	"mdlife/internal/proc"
	"mdlife/kernel"
	"mdlife/vmtests"
)

// codeOf copies 6.1's code, with the first upto patches of the series.
func codeOf(t *testing.T, upto int) Code {
	t.Helper()
	root, err := vmtests.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	base, err := kernel.FindBase("6.1")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := cachedir.Dir()
	if err != nil {
		t.Fatal(err)
	}
	req := kernel.Request{Base: base, CacheDir: cache}
	patches := vmtests.SeriesRAID6.PatchDirs(root, base)[0]
	code, err := CopyCode(t.Context(), req, root, patches, upto, filepath.Join(t.TempDir(), "src"))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// edit replaces the first of some text in one of the code's files.
func (c Code) edit(t *testing.T, file, from, to string) {
	t.Helper()
	path := filepath.Join(c.Dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run builds the checking program and runs it.
func (c Code) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program, err := c.checker(t.Context(), native, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	out, err := proc.Combined(t.Context(), proc.Command(program, args...))
	return string(out), err
}

// needGFNI skips what nothing but a CPU with AVX-512 and GFNI can run.
func needGFNI(t *testing.T) {
	t.Helper()
	if !cpuid.CPU.Supports(cpuid.GFNI, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512DQ) {
		t.Skip("this CPU has no AVX-512 with GFNI")
	}
}

// TestCheckFindsMutants spoils the code in one place each: the check must see it.
func TestCheckFindsMutants(t *testing.T) {
	needGFNI(t)
	for name, m := range map[string]struct{ file, from, to, algo, finds string }{
		"xor of two of three": {"lib/raid6/gfni_avx512.c", "vpternlogq $0x96,%%zmm8,%%zmm12,%%zmm0", "vpternlogq $0x3c,%%zmm8,%%zmm12,%%zmm0", "gfni512x4", "gen P"},
		"odd disk left out":   {"lib/raid6/gfni.h", "if (z == first)", "if (z == first + 1)", "gfni512x4", "gen "},
		"wrong first disk":    {"lib/raid6/gfni.h", "raid6_gfexp[start]", "raid6_gfexp[start + 1]", "gfni512x4", "xor "},
		"one column too much": {"lib/raid6/gfni.h", "d < bytes", "d <= bytes", "gfni512x4", "wrote outside"},
		"wrong P multiplier":  {"lib/raid6/gfni.h", "raid6_gfexi[failb - faila]", "raid6_gfexi[failb]", "gfni512x4", "lost "},
		"P is not recovered":  {"lib/raid6/gfni.h", "xor_q_into_p();\n\t\tstore_p", "store_p", "gfni512x4", "lost "},
		"AVX2, wrong matrix":  {"lib/raid6/gfni_avx2.c", "raid6_gfaffine[4]", "raid6_gfaffine[8]", "gfni256x4", "gen Q"},
		"table, wrong bit":    {"lib/raid6/mktables.c", "(7 - i) + j", "(7 - i) + (j ^ 1)", "matrices", "the matrix of"},
		"stock code, xor":     {"lib/raid6/avx512.c", "vmovdqa64 %%zmm11,%3\\n\\t\"\n\t\t\t     \"vpxorq %4", "vmovdqa64 %%zmm10,%3\\n\\t\"\n\t\t\t     \"vpxorq %4", "avx512x4", "xor "},
	} {
		t.Run(name, func(t *testing.T) {
			code := codeOf(t, 0)
			code.edit(t, m.file, m.from, m.to)
			out, err := code.run(t, "-short", m.algo)
			if err == nil || !strings.Contains(out, "FAIL") || !strings.Contains(out, m.finds) {
				t.Errorf("the check says, wrongly:\n%s", out)
			}
		})
	}
}

// TestSelection adds an algorithm that is gfni512x4 with plain stores in
// gen_syndrome: a hot loop finds it three times as fast, and it is slower where
// the parity is cold.
func TestSelection(t *testing.T) {
	needGFNI(t)
	const beforeSelection = 6 // patches
	for name, upto := range map[string]int{"hot loop": beforeSelection, "cold parity": 0} {
		t.Run(name, func(t *testing.T) {
			code := codeOf(t, upto)
			addTrap(t, code)
			out, err := code.run(t, "-select")
			trapped := strings.Contains(out, "using algorithm trapx4")
			if err != nil || trapped != (upto == beforeSelection) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// addTrap adds the algorithm to the code's list.
func addTrap(t *testing.T, code Code) {
	code.edit(t, "lib/raid6/gfni_avx512.c", "const struct raid6_calls raid6_gfni512x4", `
static void raid6_trap_gen_syndrome(int disks, size_t bytes, void **ptrs)
{
	u8 **dptr = (u8 **)ptrs;
	size_t d;

	load_x2_x4();
	for (d = 0; d < bytes; d += COLUMN) {
		syndrome(dptr, 0, disks - 3, d);
		store_p(dptr[disks - 2] + d);
		store_q(dptr[disks - 1] + d);
	}
	asm volatile("vzeroupper");
}

const struct raid6_calls raid6_trapx4 = {
	raid6_trap_gen_syndrome, raid6_gfni_xor_syndrome, raid6_have_gfni512, "trapx4", .priority = 4
};
const struct raid6_calls raid6_gfni512x4`)
	code.edit(t, "lib/raid6/algos.c", "\t&raid6_gfni512x4,\n", "\t&raid6_gfni512x4,\n\t&raid6_trapx4,\n")
	code.edit(t, "include/linux/raid/pq.h", "extern const struct raid6_calls raid6_gfni512x4;\n",
		"extern const struct raid6_calls raid6_gfni512x4;\nextern const struct raid6_calls raid6_trapx4;\n")
}
