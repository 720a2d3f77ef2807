// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	patches := filepath.Join(vmtests.PatchDir(root, base), "raid6")
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

// selections is how often the code measures in TestSelection: the median counts.
const selections = 5

// What the hot loop and the cold parity must say of the trap, times gfni512x4. On an AMD EPYC
// the two are equally fast where the parity is cold, within 1 %, and the choice between them is
// a coin's; elsewhere the trap is slower. The hot loop finds it 2.5 to 3 times as fast.
const (
	trapWinsHot   = 1.5
	noAdvantage   = 1.1
	beforeOurLoop = 6 // patches, after which the hot loop still chooses
)

// TestSelection adds an algorithm that is gfni512x4 with plain stores in gen_syndrome: the hot
// loop must fall for it, which shows that it is a trap, and the cold parity must not.
func TestSelection(t *testing.T) {
	needGFNI(t)
	if r := trapRatio(t, beforeOurLoop); r < trapWinsHot {
		t.Errorf("the hot loop finds the trap %.2f times as fast, which makes it none: want at least %.1f", r, trapWinsHot)
	}
	if r := trapRatio(t, 0); r > noAdvantage {
		t.Errorf("with cold parity the trap is %.2f times as fast: want at most %.1f", r, noAdvantage)
	}
}

// trapRatio is how many times as fast as gfni512x4 the code of the first patches, or of all for
// 0, finds the trap: the median of several measurements.
func trapRatio(t *testing.T, upto int) float64 {
	t.Helper()
	code := codeOf(t, upto)
	addTrap(t, code)
	program, err := code.checker(t.Context(), native, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var ratios []float64
	for range selections {
		out, err := proc.Combined(t.Context(), proc.Command(program, "-select"))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		ratios = append(ratios, genRate(t, out, "trapx4")/genRate(t, out, "gfni512x4"))
	}
	t.Logf("the first %d patches (0: all): the trap is %.2f times as fast", upto, ratios)
	slices.Sort(ratios)
	return ratios[selections/2]
}

// genRate is the rate in MB/s at which the code says that an algorithm computes the syndrome.
func genRate(t *testing.T, out []byte, algorithm string) float64 {
	t.Helper()
	m := regexp.MustCompile(`(?m)^raid6: ` + algorithm + ` +gen\(\) +(\d+) MB/s`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no rate of %s in\n%s", algorithm, out)
	}
	rate, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return rate
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
