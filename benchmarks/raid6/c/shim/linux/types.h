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

/* 1 for an option that is defined as 1, 0 for one that is not defined */
#define SHIM_SECOND(first, second, ...)	second
#define SHIM_COMMA_1		0,
#define SHIM_IS_1(comma)	SHIM_SECOND(comma 1, 0)
#define SHIM_PASTE(value)	SHIM_IS_1(SHIM_COMMA_##value)
#define IS_ENABLED(option)	SHIM_PASTE(option)

#endif
