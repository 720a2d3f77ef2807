/* SPDX-License-Identifier: GPL-2.0-only */
/* What mainline's lib/raid/raid6 needs of the kernel to build in user space. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define __aligned(x)	__attribute__((aligned(x)))
#define noinline	__attribute__((noinline))

#define BITS_PER_LONG	__WORDSIZE

/* Asked of CONFIG_X86_64 only */
#ifdef CONFIG_X86_32
#define IS_ENABLED(option)	0
#else
#define IS_ENABLED(option)	1
#endif

#endif
