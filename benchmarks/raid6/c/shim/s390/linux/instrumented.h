/* SPDX-License-Identifier: GPL-2.0-only */
#define instrument_read(p, n)
#define instrument_write(p, n)
