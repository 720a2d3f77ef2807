/* SPDX-License-Identifier: GPL-2.0-only */
#define cpu_has_feature(feature)	1
