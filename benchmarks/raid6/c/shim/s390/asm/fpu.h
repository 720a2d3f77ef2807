/* SPDX-License-Identifier: GPL-2.0-only */
/* 6.12's and later; the instructions are the kernel's own. */
#ifndef SHIM_ASM_FPU_H
#define SHIM_ASM_FPU_H

#include <stdbool.h>
#include <stdint.h>

typedef int16_t s16;
typedef int32_t s32;
typedef struct { uint64_t ui; } freg_t;
typedef struct { uint64_t high, low; } __vector128;

#define asm_inline asm

#include <asm/fpu-insn.h>

#define DECLARE_KERNEL_FPU_ONSTACK32(name)	int name
#define KERNEL_VXR		0
#define kernel_fpu_begin(state, flags)	((void)(state))
#define kernel_fpu_end(state, flags)	((void)(state))
#define cpu_has_vx()		1

#endif
