/* SPDX-License-Identifier: GPL-2.0-only */
#define scoped_ksimd()
