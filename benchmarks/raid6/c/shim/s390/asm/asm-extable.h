/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing faults here. */
#define EX_TABLE(fault, target)
#define EX_TABLE_FPC(fault, target)
