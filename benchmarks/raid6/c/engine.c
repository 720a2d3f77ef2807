// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs batches of calls over stripes and takes the time. It has the references
 * as well: the same loads and stores as ours with nothing but xor between them,
 * which no code with the same memory accesses can beat, and memcpy.
 */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include "r6.h"

/* What a batch calls; Go has the same numbers. */
enum op {
	OP_GEN, OP_XOR, OP_DATA2, OP_DATAP,	/* the kernel's functions */
	OP_ISAL_GEN,			/* int pq_gen(int vects, int len, void **) */
	OP_ISAL_DATA2,			/* void ec_encode_data(int len, int sources, int rows, ...) */
	OP_BARE_GEN, OP_BARE_XOR, OP_BARE_DATA2,
	OP_MEMCPY,
};

/* All members are 64 bits wide, for Go. */
struct r6_job {
	int64_t op;
	void *fn;
	int64_t disks, bytes;
	int64_t start, stop;		/* of OP_XOR; the lost disks of OP_DATA2 and OP_DATAP */
	void *tables;			/* of OP_ISAL_DATA2 */
	void **ptrs;			/* disks pointers for each stripe */
	int64_t stripes, first, calls;	/* begin with stripe first, wrap around */
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts); /* what others do does not count */
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

#define AVX512 __attribute__((target("avx512f,avx512bw")))
#define XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)

/* Four vectors of the xor of disks first to last at offset d. */
AVX512 static inline void bare_xor4(uint8_t **dptr, int first, int last, size_t d, __m512i v[4])
{
	int z, i;

	for (i = 0; i < 4; i++)
		v[i] = _mm512_load_si512(dptr[last] + d + 64 * i);
	for (z = last - 1; z > first; z -= 2)
		for (i = 0; i < 4; i++)
			v[i] = XOR3(v[i], _mm512_load_si512(dptr[z] + d + 64 * i),
				    _mm512_load_si512(dptr[z - 1] + d + 64 * i));
	if (z == first)
		for (i = 0; i < 4; i++)
			v[i] = _mm512_xor_si512(v[i], _mm512_load_si512(dptr[z] + d + 64 * i));
}

AVX512 static void bare_gen(int disks, size_t bytes, void **ptrs)
{
	uint8_t **dptr = (uint8_t **)ptrs, *p = dptr[disks - 2], *q = dptr[disks - 1];
	__m512i v[4];
	size_t d;
	int i;

	for (d = 0; d < bytes; d += 256) {
		bare_xor4(dptr, 0, disks - 3, d, v);
		for (i = 0; i < 4; i++)
			_mm512_stream_si512((void *)(p + d + 64 * i), v[i]);
		for (i = 0; i < 4; i++)
			_mm512_stream_si512((void *)(q + d + 64 * i), v[i]);
	}
	_mm_sfence();
}

AVX512 static void bare_xor(int disks, int start, int stop, size_t bytes, void **ptrs)
{
	uint8_t **dptr = (uint8_t **)ptrs, *p = dptr[disks - 2], *q = dptr[disks - 1];
	__m512i v[4];
	size_t d;
	int i;

	for (d = 0; d < bytes; d += 256) {
		bare_xor4(dptr, start, stop, d, v);
		for (i = 0; i < 4; i++)
			_mm512_store_si512(p + d + 64 * i, _mm512_xor_si512(v[i], _mm512_load_si512(p + d + 64 * i)));
		for (i = 0; i < 4; i++)
			_mm512_store_si512(q + d + 64 * i, _mm512_xor_si512(v[i], _mm512_load_si512(q + d + 64 * i)));
	}
}

AVX512 static void bare_data2(int disks, size_t bytes, int faila, int failb, void **ptrs)
{
	static uint8_t zero[65536] __attribute__((aligned(64)));
	uint8_t *from[64], *a = ptrs[faila], *b = ptrs[failb];
	__m512i v[4];
	size_t d;
	int i;

	memcpy(from, ptrs, disks * sizeof(*from));
	from[faila] = from[failb] = zero;
	for (d = 0; d < bytes; d += 256) {
		bare_xor4(from, 0, disks - 1, d, v);
		for (i = 0; i < 4; i++)
			_mm512_store_si512(a + d + 64 * i, v[i]);
		for (i = 0; i < 4; i++)
			_mm512_store_si512(b + d + 64 * i, v[i]);
	}
}

/* The two lost disks as combinations of all others. */
static void isal_data2(const struct r6_job *j, void **ptrs)
{
	void (*encode)(int, int, int, uint8_t *, uint8_t **, uint8_t **) = j->fn;
	uint8_t *from[64], *to[2] = { ptrs[j->start], ptrs[j->stop] };
	int z, n = 0;

	for (z = 0; z < j->disks; z++)
		if (z != j->start && z != j->stop)
			from[n++] = ptrs[z];
	encode(j->bytes, n, 2, j->tables, from, to);
}

/* Reads the first half of the data disks and writes the second. */
static void copy(int disks, size_t bytes, void **ptrs)
{
	int half = (disks - 2) / 2, z;

	for (z = 0; z < half; z++)
		memcpy(ptrs[half + z], ptrs[z], bytes);
}

static void call(const struct r6_job *j, void **ptrs)
{
	switch (j->op) {
	case OP_GEN:
		((r6_gen_fn *)j->fn)(j->disks, j->bytes, ptrs);
		break;
	case OP_XOR: /* the old data goes out of the parity, the new data in */
		((r6_xor_fn *)j->fn)(j->disks, j->start, j->stop, j->bytes, ptrs);
		((r6_xor_fn *)j->fn)(j->disks, j->start, j->stop, j->bytes, ptrs);
		break;
	case OP_DATA2:
		((r6_data2_fn *)j->fn)(j->disks, j->bytes, j->start, j->stop, ptrs);
		break;
	case OP_DATAP:
		((r6_datap_fn *)j->fn)(j->disks, j->bytes, j->start, ptrs);
		break;
	case OP_ISAL_GEN:
		((int (*)(int, int, void **))j->fn)(j->disks, j->bytes, ptrs);
		break;
	case OP_ISAL_DATA2:
		isal_data2(j, ptrs);
		break;
	case OP_BARE_GEN:
		bare_gen(j->disks, j->bytes, ptrs);
		break;
	case OP_BARE_XOR:
		bare_xor(j->disks, j->start, j->stop, j->bytes, ptrs);
		bare_xor(j->disks, j->start, j->stop, j->bytes, ptrs);
		break;
	case OP_BARE_DATA2:
		bare_data2(j->disks, j->bytes, j->start, j->stop, ptrs);
		break;
	case OP_MEMCPY:
		copy(j->disks, j->bytes, ptrs);
		break;
	}
}

/* Nanoseconds of CPU time that the calls of a batch have taken. */
uint64_t r6_batch(const struct r6_job *j)
{
	int64_t i, s = j->first;
	uint64_t began = now();

	for (i = 0; i < j->calls; i++) {
		call(j, j->ptrs + s * j->disks);
		if (++s == j->stripes)
			s = 0;
	}
	return now() - began;
}

/* Whether this CPU can run the references. */
int r6_has_bare(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}
