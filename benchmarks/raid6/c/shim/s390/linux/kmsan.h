/* SPDX-License-Identifier: GPL-2.0-only */
#define kmsan_unpoison_memory(p, n)
