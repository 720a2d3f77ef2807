// SPDX-License-Identifier: BSD-3-Clause

package raid6

// gfMul multiplies in the field of RAID-6, with the polynomial 0x11d.
func gfMul(a, b byte) (v byte) {
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			v ^= a
		}
		carry := a & 0x80
		if a <<= 1; carry != 0 {
			a ^= 0x1d
		}
	}
	return v
}

// gfPow2 is {02} to the power of n.
func gfPow2(n int) byte {
	v := byte(1)
	for range n {
		v = gfMul(v, 2)
	}
	return v
}

// gfInv is 1/a.
func gfInv(a byte) byte {
	v := byte(1)
	for range 254 {
		v = gfMul(v, a)
	}
	return v
}
