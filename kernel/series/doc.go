// SPDX-License-Identifier: BSD-3-Clause

// Package series is about a series of patches: it reads and applies one, tells
// which patch does not apply and why, checks its hygiene as a maintainer would
// (git am takes every patch without fuzz, checkpatch has nothing to say but that
// the sign-off is missing), and reads what it claims and its mutants.
package series
