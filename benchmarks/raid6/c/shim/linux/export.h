/* SPDX-License-Identifier: GPL-2.0-only */
/* Nobody links with what the tables export. */
#define EXPORT_SYMBOL(sym)
