// SPDX-License-Identifier: BSD-3-Clause

package racepoint

import (
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		point Point
		want  string
	}{
		{Point{Name: "w", Symbol: "del_gendisk"}, "at=del_gendisk"},
		{Point{Symbol: "ilookup", Return: true, Task: 7, Nth: 2}, "at=ilookup return task=7 nth=2"},
		{Point{Symbol: "f", Comm: "kworker", Watch: true, Cap: time.Second}, "at=f watch comm=kworker cap=1000"},
	} {
		if got := c.point.options(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.point, got, c.want)
		}
	}
}
