/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU's features by cpuid; word * 32 + bit, as in the kernel. */
#ifndef SHIM_ASM_CPUFEATURE_H
#define SHIM_ASM_CPUFEATURE_H

#include <linux/types.h>

#define X86_FEATURE_CLFLUSH	(0 * 32 + 19)
#define X86_FEATURE_MMX		(0 * 32 + 23)
#define X86_FEATURE_FXSR	(0 * 32 + 24)
#define X86_FEATURE_XMM		(0 * 32 + 25)
#define X86_FEATURE_XMM2	(0 * 32 + 26)
#define X86_FEATURE_MMXEXT	(1 * 32 + 22)
#define X86_FEATURE_SSSE3	(4 * 32 + 9)
#define X86_FEATURE_OSXSAVE	(4 * 32 + 27)
#define X86_FEATURE_AVX		(4 * 32 + 28)
#define X86_FEATURE_AVX2	(9 * 32 + 5)
#define X86_FEATURE_AVX512F	(9 * 32 + 16)
#define X86_FEATURE_AVX512DQ	(9 * 32 + 17)
#define X86_FEATURE_AVX512BW	(9 * 32 + 30)
#define X86_FEATURE_AVX512VL	(9 * 32 + 31)
#define X86_FEATURE_GFNI	(16 * 32 + 8)
#define X86_FEATURE_PREFER_YMM	(21 * 32 + 8)	/* the kernel's own: not to be had here */

static inline int boot_cpu_has(int flag)
{
	int word = flag / 32;
	u32 eax = word == 1 ? 0x80000001 : word >= 9 ? 7 : 1, ebx, ecx = 0, edx;
	u32 words[32] = { 0 };

	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "+c" (ecx), "=d" (edx));
	words[word] = word == 9 ? ebx : word == 4 || word == 16 ? ecx : word < 4 ? edx : 0;
	return words[word] >> (flag & 31) & 1;
}

#endif
