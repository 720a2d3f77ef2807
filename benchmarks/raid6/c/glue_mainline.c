// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lists of mainline's lib/raid/raid6. On x86 the kernel registers only the
 * algorithms that can win on its CPU; here are all.
 */
#include "algos.h"
#include "pq_arch.h"
#include "r6.h"

const char r6_zeroes[65536] __aligned(4096);

static r6_gen_fn *used;

void raid6_gen_syndrome(int disks, size_t bytes, void **ptrs)
{
	used(disks, bytes, ptrs);
}

void r6_use(r6_gen_fn *gen)
{
	used = gen;
}

static struct r6_algo algo(const struct raid6_calls *a, int valid, int priority)
{
	return (struct r6_algo) { a->name, a->gen_syndrome, a->xor_syndrome, valid, priority };
}

static struct r6_recov recov(const struct raid6_recov_calls *a, int valid, int priority)
{
	return (struct r6_recov) { a->name, a->data2, a->datap, valid, priority };
}

#ifdef CONFIG_X86

const struct r6_algo *r6_algos(void)
{
	static struct r6_algo list[32];
	int i = 0;

#ifdef HAVE_MATRICES
	list[i++] = algo(&raid6_gfni512x4, raid6_has_gfni512(), 2);
	list[i++] = algo(&raid6_gfni256x4, raid6_has_gfni256(), 2);
#endif
#ifdef CONFIG_X86_64
	list[i++] = algo(&raid6_avx512x4, raid6_has_avx512(), 2);
#endif
	list[i++] = algo(&raid6_avx512x2, raid6_has_avx512(), 2);
	list[i++] = algo(&raid6_avx512x1, raid6_has_avx512(), 2);
#ifdef CONFIG_X86_64
	list[i++] = algo(&raid6_avx2x4, raid6_has_avx2(), 2);
#endif
	list[i++] = algo(&raid6_avx2x2, raid6_has_avx2(), 2);
	list[i++] = algo(&raid6_avx2x1, raid6_has_avx2(), 2);
#ifdef CONFIG_X86_64
	list[i++] = algo(&raid6_sse2x4, raid6_has_sse2(), 1);
#endif
	list[i++] = algo(&raid6_sse2x2, raid6_has_sse2(), 1);
	list[i++] = algo(&raid6_sse2x1, raid6_has_sse2(), 1);
#ifdef CONFIG_X86_32
	list[i++] = algo(&raid6_sse1x2, raid6_has_sse1_or_mmxext(), 1);
	list[i++] = algo(&raid6_sse1x1, raid6_has_sse1_or_mmxext(), 1);
	list[i++] = algo(&raid6_mmxx2, boot_cpu_has(X86_FEATURE_MMX), 1);
	list[i++] = algo(&raid6_mmxx1, boot_cpu_has(X86_FEATURE_MMX), 1);
#endif
	list[i++] = algo(&raid6_intx8, 1, 0);
	list[i++] = algo(&raid6_intx4, 1, 0);
	list[i++] = algo(&raid6_intx2, 1, 0);
	list[i++] = algo(&raid6_intx1, 1, 0);
	return list; /* the last one's name is NULL */
}

const struct r6_recov *r6_recovs(void)
{
	static struct r6_recov list[8];
	int i = 0;

#ifdef HAVE_MATRICES
	list[i++] = recov(&raid6_recov_gfni512, raid6_has_gfni512(), 5);
	list[i++] = recov(&raid6_recov_gfni256, raid6_has_gfni256(), 4);
#endif
	list[i++] = recov(&raid6_recov_avx512, raid6_has_avx512(), 3);
	list[i++] = recov(&raid6_recov_avx2, raid6_has_avx2(), 2);
	list[i++] = recov(&raid6_recov_ssse3, raid6_has_ssse3(), 1);
	list[i++] = recov(&raid6_recov_intx1, 1, 0);
	return list;
}

/* What arch_raid6_init() would call. */
void raid6_algo_add(const struct raid6_calls *a) { }
void raid6_algo_add_default(void) { }
void raid6_recov_algo_add(const struct raid6_recov_calls *a) { }

#else

/* Elsewhere the kernel registers all that its CPU can run. */
static struct r6_algo algos[32];
static struct r6_recov recovs[4];
static int nr_algos, nr_recovs;

void raid6_algo_add(const struct raid6_calls *a)
{
	algos[nr_algos++] = algo(a, 1, nr_algos);
}

void raid6_algo_add_default(void)
{
	raid6_algo_add(&raid6_intx1);
	raid6_algo_add(&raid6_intx2);
	raid6_algo_add(&raid6_intx4);
	raid6_algo_add(&raid6_intx8);
}

void raid6_recov_algo_add(const struct raid6_recov_calls *a)
{
	recovs[nr_recovs++] = recov(a, 1, 1);
}

const struct r6_algo *r6_algos(void)
{
	if (!nr_algos) {
		arch_raid6_init();
		recovs[nr_recovs++] = recov(&raid6_recov_intx1, 1, 0);
	}
	return algos;
}

const struct r6_recov *r6_recovs(void)
{
	r6_algos();
	return recovs;
}

#endif

void r6_select(void)
{
}

uint64_t *r6_matrices(void)
{
#ifdef HAVE_MATRICES
	return (uint64_t *)raid6_gfaffine;
#else
	return NULL;
#endif
}
