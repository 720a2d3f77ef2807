// SPDX-License-Identifier: GPL-2.0-only
/* Runs mainline's raid6_kunit.c; prints TAP, exits with 1 if a case fails. */
#include <kunit/test.h>
#include "algos.h"
#include "r6.h"

extern struct kunit_suite *r6_suite;

const struct raid6_calls *raid6_algo_find(unsigned int idx)
{
	static struct raid6_calls found;
	const struct r6_algo *a;

	for (a = r6_algos(); a->name; a++)
		if (a->valid && idx-- == 0) {
			r6_use(a->gen);
			found = (struct raid6_calls) { a->name, a->gen, a->xor };
			return &found;
		}
	return NULL;
}

const struct raid6_recov_calls *raid6_recov_algo_find(unsigned int idx)
{
	static struct raid6_recov_calls found;
	const struct r6_recov *r;

	for (r = r6_recovs(); r->name; r++)
		if (r->valid && idx-- == 0) {
			found = (struct raid6_recov_calls) { r->name, r->data2, r->datap };
			return &found;
		}
	return NULL;
}

static int run_case(const struct kunit_case *c, int n)
{
	struct kunit test = { 0 };
	char desc[KUNIT_PARAM_DESC_SIZE];
	const void *param = NULL;
	int failed = 0;

	while ((param = c->params(&test, param, desc))) {
		test.param_value = param;
		test.failed = test.skipped = 0;
		if (!setjmp(test.end))
			c->run(&test);
		printf("%s %d %s %s%s\n", test.failed ? "not ok" : "ok", n, c->name, desc, test.skipped ? " # SKIP" : "");
		failed |= test.failed;
	}
	return failed;
}

int main(void)
{
	struct kunit_case *c;
	int n = 0, failed = 0;

	if (r6_suite->suite_init(r6_suite))
		return 2;
	for (c = r6_suite->test_cases; c->run; c++)
		failed |= run_case(c, ++n);
	r6_suite->suite_exit(r6_suite);
	return failed;
}
