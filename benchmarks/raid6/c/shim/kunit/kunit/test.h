/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of KUnit as mainline's raid6_kunit.c needs to run in user space, on the
 * CPU of this machine: no emulator and few hypervisors have GFNI.
 */
#ifndef SHIM_KUNIT_TEST_H
#define SHIM_KUNIT_TEST_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#define PAGE_SIZE	4096
#define ENOMEM		12
#define __user

#define round_up(x, to)	(((x) + (to) - 1) / (to) * (to))
#define swap(a, b)	do { __auto_type t_ = (a); (a) = (b); (b) = t_; } while (0)
#define max(a, b)	((a) > (b) ? (a) : (b))
#define WARN_ON_ONCE(cond)	(cond)

#define MODULE_IMPORT_NS(ns)
#define MODULE_DESCRIPTION(text)
#define MODULE_LICENSE(text)

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit {
	const void *param_value;
	int failed, skipped;
	jmp_buf end;
};

struct kunit_case {
	void (*run)(struct kunit *test);
	const char *name;
	const void *(*params)(struct kunit *test, const void *prev, char *desc);
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
};

#define KUNIT_CASE_PARAM(fn, gen)	{ fn, #fn, gen }
#define kunit_test_suite(s)	struct kunit_suite *r6_suite = &(s)

#define kunit_info(test, ...)	printf("# " __VA_ARGS__)
#define kunit_skip(test, ...)	do { (test)->skipped = 1; longjmp((test)->end, 1); } while (0)

#define KUNIT_EXPECT_EQ_MSG(test, a, b, ...)				\
	do {								\
		if ((a) != (b)) {					\
			if (!(test)->failed)				\
				printf("# " __VA_ARGS__);		\
			(test)->failed = 1;				\
		}							\
	} while (0)
#define KUNIT_EXPECT_MEMEQ_MSG(test, a, b, n, ...)			\
	KUNIT_EXPECT_EQ_MSG(test, memcmp(a, b, n), 0, __VA_ARGS__)
#define KUNIT_EXPECT_MEMEQ(test, a, b, n)				\
	KUNIT_EXPECT_MEMEQ_MSG(test, a, b, n, #a " is not " #b "\n")

#endif
