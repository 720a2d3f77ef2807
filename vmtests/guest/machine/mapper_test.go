// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"testing"
	"unsafe"
)

// The wanted figures come from a C program with linux/dm-ioctl.h.
func TestMapperSizes(t *testing.T) {
	var r dmRequest
	if n := unsafe.Sizeof(r.dmIoctl); n != 312 {
		t.Errorf("struct dm_ioctl has %d bytes, in C 312", n)
	}
	if n := unsafe.Offsetof(r.dmTarget.Params); n != 40 {
		t.Errorf("struct dm_target_spec has %d bytes, in C 40", n)
	}
	if req := 3<<30 | unsafe.Sizeof(r.dmIoctl)<<16 | 0xfd<<8 | dmTableLoad; req != 0xc138fd09 {
		t.Errorf("DM_TABLE_LOAD is %#x, in C 0xc138fd09", req)
	}
}
