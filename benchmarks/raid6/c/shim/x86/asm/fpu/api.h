/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_ASM_FPU_API_H
#define SHIM_ASM_FPU_API_H

#include <asm/cpufeature.h>

#define XFEATURE_MASK_SSE	0x02
#define XFEATURE_MASK_YMM	0x04
#define XFEATURE_MASK_AVX512	0xe0

static inline void kernel_fpu_begin(void) { }
static inline void kernel_fpu_end(void) { }

/* Does the OS save these registers? */
static inline int cpu_has_xfeatures(u64 mask, const char **name)
{
	u32 eax, edx;

	if (!boot_cpu_has(X86_FEATURE_OSXSAVE))
		return 0;
	asm volatile("xgetbv" : "=a" (eax), "=d" (edx) : "c" (0));
	return (eax & mask) == mask;
}

#endif
