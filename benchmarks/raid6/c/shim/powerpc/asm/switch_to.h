/* SPDX-License-Identifier: GPL-2.0-only */
#define enable_kernel_altivec()
#define disable_kernel_altivec()
#define preempt_disable()
#define preempt_enable()
