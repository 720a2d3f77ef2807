// SPDX-License-Identifier: BSD-3-Clause

package mdadm

import (
	"slices"
	"testing"
)

func TestMessages(t *testing.T) {
	out := "mdadm: cannot open /dev/md0: No such device or address\n" +
		"Continue creating array? y\n  mdadm: array /dev/md0 not stopped  \nmdadm without a colon\n"
	want := []string{"mdadm: cannot open /dev/md0: No such device or address", "mdadm: array /dev/md0 not stopped"}
	if got := messages(out); !slices.Equal(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
	if got := messages(""); len(got) != 0 {
		t.Errorf("%q from nothing", got)
	}
}
