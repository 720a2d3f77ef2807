// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import "time"

// NewSeed returns the seed, or a new one for 0.
func NewSeed(seed uint64) uint64 {
	if seed != 0 {
		return seed
	}
	return uint64(time.Now().UnixNano())
}
