// SPDX-License-Identifier: BSD-3-Clause

// Package bench measures arrays in a guest, with nobody else around: the uncontended paths
// (R22: opening a live array, writing to one, and a whole life of an array), the throughput
// of every personality, and the speed of parity.
package bench
