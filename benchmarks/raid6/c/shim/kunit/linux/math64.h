/* SPDX-License-Identifier: GPL-2.0-only */
#define div64_u64(a, b)	((a) / (b))
