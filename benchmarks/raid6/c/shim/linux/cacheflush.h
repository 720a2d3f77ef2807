/* SPDX-License-Identifier: GPL-2.0-only */
/* Only boot-time selection flushes. */
#define clflush_cache_range(p, bytes) do { (void)(p); (void)(bytes); } while (0)
