/* SPDX-License-Identifier: GPL-2.0-only */
#define has_vector()		1
#define kernel_vector_begin()
#define kernel_vector_end()
