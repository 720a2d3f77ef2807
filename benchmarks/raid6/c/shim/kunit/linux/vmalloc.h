/* SPDX-License-Identifier: GPL-2.0-only */
#include <sys/mman.h>

/* With a page that nobody may touch behind it, as in the kernel */
static inline void *vmalloc(unsigned long n)
{
	char *p = mmap(NULL, n + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	mprotect(p + n, 4096, PROT_NONE);
	return p;
}

static inline void vfree(void *p)
{
}
