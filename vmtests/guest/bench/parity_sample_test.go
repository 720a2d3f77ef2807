// SPDX-License-Identifier: BSD-3-Clause

package bench

import (
	"testing"
	"time"
)

func TestParseIdle(t *testing.T) {
	got, err := parseIdle("cpu  9 9 9 99 9 9 9 0 0 0\ncpu0 1 0 2 100 3 0 0 0 0 0\ncpu1 1 0 2 200 4 0 0 0 0 0\nintr 12 0 0 0 0 0 0 0\n")
	if err != nil || got.cpus != 2 || got.idle != 3070*time.Millisecond {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{"", "cpu  9 9 9 99 9 9\n", "cpu0 1 0 2 x 3 0\n"} {
		if _, err := parseIdle(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
