// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestMapperLayout: the kernel looks for the target right behind the dm_ioctl, and for its
// parameters right behind that.
func TestMapperLayout(t *testing.T) {
	var r dmRequest
	if n := unsafe.Offsetof(r.target); n != unix.SizeofDmIoctl {
		t.Errorf("the target begins at %d, and the dm_ioctl has %d bytes", n, unix.SizeofDmIoctl)
	}
	if n := unsafe.Offsetof(r.target.params); n != unix.SizeofDmTargetSpec {
		t.Errorf("the parameters begin at %d of the target, and a dm_target_spec has %d bytes", n, unix.SizeofDmTargetSpec)
	}
}

func TestMapperRefusesALongTable(t *testing.T) {
	m := &Mapper{fd: -1}
	_, err := m.Make("long", "linear", 8, strings.Repeat("x", dmRoom))
	if err == nil || !strings.Contains(err.Error(), "table of long") {
		t.Errorf("%v", err)
	}
}
