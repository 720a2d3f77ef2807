// SPDX-License-Identifier: GPL-2.0-only
/* The lists of 6.1's and 6.12's lib/raid6, which build in user space as they are. */
#include <linux/raid/pq.h>
#include "r6.h"

#define MAX_ALGOS	48

/*
 * The kernel recovers a page at most, so that a page of zeroes does. We also
 * look at 64 KiB.
 */
static const char zeroes[65536] __attribute__((aligned(4096), used));
asm(".globl raid6_empty_zero_page\n\t.set raid6_empty_zero_page, zeroes");

#ifdef HAVE_MATRICES
extern const u64 raid6_gfaffine[256];
#endif

const struct r6_algo *r6_algos(void)
{
	static struct r6_algo list[MAX_ALGOS + 1];
	int i;

	for (i = 0; i < MAX_ALGOS && raid6_algos[i]; i++) {
		const struct raid6_calls *a = raid6_algos[i];

		list[i] = (struct r6_algo) { a->name, a->gen_syndrome, a->xor_syndrome,
					     !a->valid || a->valid(), a->priority };
	}
	return list;
}

const struct r6_recov *r6_recovs(void)
{
	static struct r6_recov list[MAX_ALGOS + 1];
	int i;

	for (i = 0; i < MAX_ALGOS && raid6_recov_algos[i]; i++) {
		const struct raid6_recov_calls *a = raid6_recov_algos[i];

		list[i] = (struct r6_recov) { a->name, a->data2, a->datap,
					      !a->valid || a->valid(), a->priority };
	}
	return list;
}

void r6_use(r6_gen_fn *gen)
{
	raid6_call.gen_syndrome = gen;
}

void r6_select(void)
{
	raid6_select_algo();
}

uint64_t *r6_matrices(void)
{
#ifdef HAVE_MATRICES
	return (uint64_t *)raid6_gfaffine;
#else
	return NULL;
#endif
}
