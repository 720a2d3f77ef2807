/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel recovers a page at most; we also look at 64 KiB. */
extern const char r6_zeroes[65536];
#define ZERO_PAGE(vaddr)	r6_zeroes
#define page_address(page)	((void *)(page))
