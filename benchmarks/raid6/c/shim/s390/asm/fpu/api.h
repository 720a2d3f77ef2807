/* SPDX-License-Identifier: GPL-2.0-only */
/* 6.1's */
struct kernel_fpu { int none; };
#define KERNEL_VXR		0
#define MACHINE_HAS_VX		1
#define kernel_fpu_begin(state, flags)	((void)(state))
#define kernel_fpu_end(state, flags)	((void)(state))
