/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/types.h>

struct rnd_state { u64 x; };

static inline void prandom_seed_state(struct rnd_state *s, u64 seed)
{
	s->x = seed * 0x9e3779b97f4a7c15ULL + 1;
}

static inline u32 prandom_u32_state(struct rnd_state *s)
{
	s->x ^= s->x << 13;
	s->x ^= s->x >> 7;
	s->x ^= s->x << 17;
	return s->x >> 32;
}

static inline void prandom_bytes_state(struct rnd_state *s, void *p, size_t n)
{
	u8 *b = p;

	while (n--)
		*b++ = prandom_u32_state(s);
}
