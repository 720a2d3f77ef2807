// SPDX-License-Identifier: GPL-2.0-only
/*
 * check [-short] [-select] [-flip MATRIX:BIT] [NAME...]: compares the kernel's RAID-6 code
 * with arithmetic of its own, byte by byte with the polynomial 0x11d. Prints a
 * line for each algorithm and way of recovery, and exits with 1 if one is wrong.
 * -flip spoils one bit of an affine matrix first: then something must be wrong.
 * -select only has the kernel's code choose an algorithm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "r6.h"

#define MAX_DISKS	42
#define MAX_BYTES	65536
#define GUARD		256	/* bytes on both sides of a buffer, a multiple of all alignments */
#define GUARD_BYTE	0xa5

static uint8_t mul[256][256];
static uint8_t exp2_[256];	/* {02}^i */
static uint8_t *bufs[MAX_DISKS];	/* the disks; each lies between guards */
static uint8_t want_p[MAX_BYTES], want_q[MAX_BYTES];
static int short_run;

/* Product of the field, bit by bit. */
static uint8_t gf_mul(unsigned int a, unsigned int b)
{
	unsigned int v = 0;

	for (; b; b >>= 1, a = a << 1 ^ (a & 0x80 ? 0x11d : 0))
		if (b & 1)
			v ^= a;
	return v;
}

static void make_field(void)
{
	int a, b;

	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++)
			mul[a][b] = gf_mul(a, b);
	exp2_[0] = 1;
	for (a = 1; a < 256; a++)
		exp2_[a] = mul[2][exp2_[a - 1]];
}

static uint32_t rnd(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x >> 16;
}

/* The kinds of data: random, and such as show a lost carry or a wrong lane. */
enum { RANDOM, ZERO, ONES, COUNT, ONE_BIT, KINDS };

static void fill(uint8_t *p, size_t bytes, int kind, int disk)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		switch (kind) {
		case RANDOM: p[i] = rnd(); break;
		case ZERO: p[i] = 0; break;
		case ONES: p[i] = 0xff; break;
		case COUNT: p[i] = i + disk; break;
		case ONE_BIT: p[i] = 1 << (i + disk) % 8; break;
		}
}

static void set_guards(uint8_t *p, size_t bytes)
{
	memset(p - GUARD, GUARD_BYTE, GUARD);
	memset(p + bytes, GUARD_BYTE, GUARD);
}

static int guards_hold(const uint8_t *p, size_t bytes)
{
	int i;

	for (i = 0; i < GUARD; i++)
		if (p[i - GUARD] != GUARD_BYTE || p[bytes + i] != GUARD_BYTE)
			return 0;
	return 1;
}

/* Adds disks first to last to want_p and want_q. */
static void add_disks(int first, int last, size_t bytes)
{
	size_t i;
	int z;

	for (z = first; z <= last; z++)
		for (i = 0; i < bytes; i++) {
			want_p[i] ^= bufs[z][i];
			want_q[i] ^= mul[exp2_[z]][bufs[z][i]];
		}
}

static void syndromes(int disks, size_t bytes)
{
	memset(want_p, 0, bytes);
	memset(want_q, 0, bytes);
	add_disks(0, disks - 3, bytes);
}

static void prepare(int disks, size_t bytes, int kind)
{
	int z;

	for (z = 0; z < disks; z++) {
		set_guards(bufs[z], bytes);
		fill(bufs[z], bytes, z < disks - 2 ? kind : RANDOM, z);
	}
}

/* The first thing that was wrong with the algorithm in hand, "" if nothing. */
static char wrong[256];

#define complain(...) do { if (!*wrong) snprintf(wrong, sizeof(wrong), __VA_ARGS__); } while (0)

static void compare(const char *what, const uint8_t *got, const uint8_t *want, size_t bytes, int disks)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		if (got[i] != want[i]) {
			complain("%s: byte %zu is %#x, not %#x (%d disks, %zu bytes)",
				 what, i, got[i], want[i], disks, bytes);
			return;
		}
}

static void check_guards(const char *what, int disks, size_t bytes)
{
	int z;

	for (z = 0; z < disks; z++)
		if (!guards_hold(bufs[z], bytes))
			complain("%s: wrote outside of disk %d (%d disks, %zu bytes)", what, z, disks, bytes);
}

static void pointers(void **ptrs, int disks)
{
	int z;

	for (z = 0; z < disks; z++)
		ptrs[z] = bufs[z];
}

static uint8_t data_before[MAX_DISKS][MAX_BYTES];

static void keep_data(int disks, size_t bytes)
{
	int z;

	for (z = 0; z < disks; z++)
		memcpy(data_before[z], bufs[z], bytes);
}

static void compare_data(const char *what, int disks, size_t bytes)
{
	char name[64];
	int z;

	for (z = 0; z < disks - 2; z++) {
		snprintf(name, sizeof(name), "%s: data of disk %d", what, z);
		compare(name, bufs[z], data_before[z], bytes, disks);
	}
}

static void check_gen(const struct r6_algo *a, int disks, size_t bytes, int kind)
{
	void *ptrs[MAX_DISKS];

	prepare(disks, bytes, kind);
	pointers(ptrs, disks);
	keep_data(disks, bytes);
	syndromes(disks, bytes);
	a->gen(disks, bytes, ptrs);
	compare("gen P", bufs[disks - 2], want_p, bytes, disks);
	compare("gen Q", bufs[disks - 1], want_q, bytes, disks);
	compare_data("gen", disks, bytes);
	check_guards("gen", disks, bytes);
}

/* xor_syndrome with all pairs of start and stop, on parity of any kind. */
static void check_xor(const struct r6_algo *a, int disks, size_t bytes)
{
	void *ptrs[MAX_DISKS];
	int start, stop;
	char what[64];

	prepare(disks, bytes, RANDOM);
	pointers(ptrs, disks);
	keep_data(disks, bytes);
	for (start = 0; start < disks - 2; start++)
		for (stop = start; stop < disks - 2; stop++) {
			memcpy(want_p, bufs[disks - 2], bytes);
			memcpy(want_q, bufs[disks - 1], bytes);
			add_disks(start, stop, bytes);
			a->xor(disks, start, stop, bytes, ptrs);
			snprintf(what, sizeof(what), "xor %d to %d, P", start, stop);
			compare(what, bufs[disks - 2], want_p, bytes, disks);
			what[strlen(what) - 1] = 'Q';
			compare(what, bufs[disks - 1], want_q, bytes, disks);
		}
	compare_data("xor", disks, bytes);
	check_guards("xor", disks, bytes);
}

/*
 * All products: disk z alone adds {02}^z times its bytes to Q, and that is each
 * element but 0 for z from 0 to 254; of 0 times anything, a disk of zeroes is
 * the proof. Disks that are not touched need no memory.
 */
static void check_products(const struct r6_algo *a)
{
	void *ptrs[257] = { NULL };
	uint8_t *data = bufs[0], *p = bufs[1], *q = bufs[2];
	int z, i;

	for (i = 0; i < 512; i++)
		data[i] = i;
	for (z = 0; z < 255; z++) {
		memset(p, 0, 512);
		memset(q, 0, 512);
		ptrs[z] = data;
		ptrs[255] = p;
		ptrs[256] = q;
		a->xor(257, z, z, 512, ptrs);
		for (i = 0; i < 512; i++)
			if (q[i] != mul[exp2_[z]][data[i]])
				complain("%#x * %#x is not %#x", exp2_[z], data[i], q[i]);
		compare("products, P", p, data, 512, 257);
		ptrs[z] = NULL;
	}
}

static const size_t sizes[] = { 512, 1024, 1536, 2560, 4096, 16384, 65536 };
#define SIZES ((int)(sizeof(sizes) / sizeof(sizes[0])))

static void check_algo(const struct r6_algo *a)
{
	int disks, s, kind;

	for (disks = 4; disks <= MAX_DISKS; disks += short_run ? 7 : 1) {
		/* Long ones only now and then: the code sees no length but in its loop. */
		for (s = 0; s < SIZES; s++)
			if (sizes[s] <= 4096 || disks % 13 == 4)
				check_gen(a, disks, sizes[s], RANDOM);
		for (kind = 0; kind < KINDS; kind++)
			check_gen(a, disks, 512, kind);
		if (a->xor) {
			check_xor(a, disks, 512);
			if (disks == 4 || disks == 10 || disks == 18)
				check_xor(a, disks, disks == 18 ? 4096 : 65536);
		}
	}
	if (a->xor)
		check_products(a);
}

/* Loses one or two disks, has them recovered in other memory, and compares. */
static void check_lost(const struct r6_recov *r, int disks, size_t bytes, int faila, int failb)
{
	void *ptrs[MAX_DISKS], *before[MAX_DISKS];
	char what[64];

	pointers(ptrs, disks);
	memcpy(before, ptrs, sizeof(before));
	fill(bufs[faila], bytes, RANDOM, 0);
	fill(bufs[failb], bytes, RANDOM, 0);
	if (failb == disks - 2)
		r->datap(disks, bytes, faila, ptrs);
	else
		r->data2(disks, bytes, faila, failb, ptrs);
	snprintf(what, sizeof(what), "lost %d and %d: disk %d", faila, failb, faila);
	compare(what, bufs[faila], data_before[faila], bytes, disks);
	snprintf(what, sizeof(what), "lost %d and %d: disk %d", faila, failb, failb);
	compare(what, bufs[failb], data_before[failb], bytes, disks);
	if (memcmp(before, ptrs, disks * sizeof(*ptrs)))
		complain("lost %d and %d: the pointers have changed (%d disks)", faila, failb, disks);
	memcpy(bufs[faila], data_before[faila], bytes);
	memcpy(bufs[failb], data_before[failb], bytes);
}

/* All pairs of lost disks but those with Q, which is a new syndrome. */
static void check_all_lost(const struct r6_recov *r, int disks, size_t bytes, int kind)
{
	int faila, failb;

	prepare(disks, bytes, kind);
	syndromes(disks, bytes);
	memcpy(bufs[disks - 2], want_p, bytes);
	memcpy(bufs[disks - 1], want_q, bytes);
	keep_data(disks, bytes);
	for (faila = 0; faila < disks - 2; faila++)
		for (failb = faila + 1; failb < disks - 1; failb++)
			check_lost(r, disks, bytes, faila, failb);
	compare_data("recovery", disks, bytes);
	compare("recovery: P", bufs[disks - 2], want_p, bytes, disks);
	compare("recovery: Q", bufs[disks - 1], want_q, bytes, disks);
	check_guards("recovery", disks, bytes);
}

static void check_recov(const struct r6_recov *r)
{
	int disks, s, kind;

	for (disks = 4; disks <= MAX_DISKS; disks += short_run ? 7 : 1) {
		check_all_lost(r, disks, 512, RANDOM);
		if (disks % 13 == 4)
			for (kind = 0; kind < KINDS; kind++)
				check_all_lost(r, disks, 512, kind);
	}
	for (s = 0; s < SIZES; s++)
		check_all_lost(r, 10, sizes[s], RANDOM);
}

/* Each matrix times each byte: output bit i is the parity of x and byte 7 - i. */
static void check_matrices(const uint64_t *matrices)
{
	int a, x, i, got;

	for (a = 0; a < 256; a++)
		for (x = 0; x < 256; x++) {
			for (got = 0, i = 0; i < 8; i++)
				got |= __builtin_parity(x & matrices[a] >> 8 * (7 - i) & 0xff) << i;
			if (got != mul[a][x])
				complain("the matrix of %#x makes %#x of %#x", a, got, x);
		}
}

static int failed;

static void report(const char *what, const char *name)
{
	if (*wrong)
		printf("FAIL %s %s: %s\n", what, name, wrong);
	else
		printf("ok   %s %s\n", what, name);
	failed |= *wrong;
	*wrong = 0;
	fflush(stdout);
}

static int wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return argc == 0;
}

static void make_buffers(void)
{
	int z;

	for (z = 0; z < MAX_DISKS; z++) {
		void *p = NULL;

		/* Odd distances, so that not all disks fall into the same cache sets. */
		if (posix_memalign(&p, 4096, MAX_BYTES + 4096 + 2 * GUARD))
			exit(2);
		bufs[z] = (uint8_t *)p + GUARD + 256 * (z % 8);
	}
}

/* Spoils bit number bit of a matrix, in memory that is not to be written to. */
static void flip(uint64_t *matrices, const char *where)
{
	long page = sysconf(_SC_PAGESIZE);
	uint64_t *m;
	int a, bit;

	if (!matrices || sscanf(where, "%i:%i", &a, &bit) != 2 || a > 255 || bit > 63) {
		fprintf(stderr, "check: -flip %s: want MATRIX:BIT, and code with matrices\n", where);
		exit(2);
	}
	m = &matrices[a];
	if (mprotect((void *)((uintptr_t)m & -page), page, PROT_READ | PROT_WRITE)) {
		perror("check: mprotect");
		exit(2);
	}
	*m ^= 1ULL << bit;
}

int main(int argc, char **argv)
{
	const struct r6_algo *algos = r6_algos(), *a, *first = NULL;
	const struct r6_recov *r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (argc--, argv++; argc && **argv == '-'; argc--, argv++) {
		if (!strcmp(*argv, "-short"))
			short_run = 1;
		else if (!strcmp(*argv, "-select"))
			return r6_select(), 0;
		else if (!strcmp(*argv, "-flip") && argc > 1)
			flip(r6_matrices(), (argc--, *++argv));
	}
	make_field();
	make_buffers();
	if (r6_matrices() && wanted("matrices", argc, argv)) {
		check_matrices(r6_matrices());
		report("matrices", "0x11d");
	}
	for (a = algos; a->name; a++) {
		if (a->valid && !first)
			first = a;
		if (!wanted(a->name, argc, argv))
			continue;
		if (!a->valid) {
			printf("none gen %s: this CPU lacks it\n", a->name);
			continue;
		}
		check_algo(a);
		report("gen", a->name);
	}
	for (r = r6_recovs(); r->name; r++) {
		if (!wanted(r->name, argc, argv))
			continue;
		if (!r->valid) {
			printf("none recov %s: this CPU lacks it\n", r->name);
			continue;
		}
		for (a = algos; a->name; a++) /* what the old kind calls */
			if (a->valid && (!short_run || a == first)) {
				r6_use(a->gen);
				check_all_lost(r, 10, 4096, RANDOM);
			}
		check_recov(r);
		report("recov", r->name);
	}
	return failed ? 1 : 0;
}
