/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What glue.c makes of one build of the kernel's RAID-6 code, the same for all
 * kernels: its algorithms, its ways of recovery, and its tables.
 */
#ifndef R6_H
#define R6_H

#include <stddef.h>
#include <stdint.h>

typedef void r6_gen_fn(int disks, size_t bytes, void **ptrs);
typedef void r6_xor_fn(int disks, int start, int stop, size_t bytes, void **ptrs);
typedef void r6_data2_fn(int disks, size_t bytes, int faila, int failb, void **ptrs);
typedef void r6_datap_fn(int disks, size_t bytes, int faila, void **ptrs);

struct r6_algo {
	const char *name;
	r6_gen_fn *gen;
	r6_xor_fn *xor;		/* or NULL */
	int valid;		/* this CPU can run it */
	int priority;		/* the kernel chooses among the valid ones of the highest */
};

struct r6_recov {
	const char *name;
	r6_data2_fn *data2;
	r6_datap_fn *datap;
	int valid;
	int priority;		/* the kernel takes the valid one of the highest */
};

/* Both lists end with a name that is NULL. */
const struct r6_algo *r6_algos(void);
const struct r6_recov *r6_recovs(void);

/* Recovery of the old kind computes syndromes with this. */
void r6_use(r6_gen_fn *gen);

/* Chooses as the kernel does at boot, and says so on stdout; 6.1's and 6.12's only. */
void r6_select(void);

/* raid6_gfaffine[], or NULL in a build without it */
uint64_t *r6_matrices(void);

#endif
