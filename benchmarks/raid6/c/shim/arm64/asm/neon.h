/* SPDX-License-Identifier: GPL-2.0-only */
#define cpu_has_neon()	1
