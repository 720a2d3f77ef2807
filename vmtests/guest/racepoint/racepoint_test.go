// SPDX-License-Identifier: BSD-3-Clause

package racepoint

import (
	"strings"
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

func TestParse(t *testing.T) {
	const list = "worker at=del_gendisk+0 hits=3 state=holding task=17 lost=0\n" +
		"A at=ilookup+0 hits=1 state=armed task=0 lost=2\n" +
		"B at=ilookup+0 hits=1\n"
	for _, c := range []struct {
		name, point string
		want        Status
		wrong       string // in the error
	}{
		{"held", "worker", Status{Hits: 3, State: Holding, Task: 17}, ""},
		{"full", "A", Status{Hits: 1, State: Armed, Lost: 2}, "visits table full: 2 visits to A (ilookup+0) were not held"},
		{"half a line", "B", Status{Hits: 1}, "does not match format"},
		{"absent", "C", Status{}, "there is no point C"},
		{"only its beginning", "work", Status{}, "there is no point work"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse([]byte(list), c.point)
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("error %v, want one with %q", err, c.wrong)
			}
		})
	}
}

func TestAnyHeld(t *testing.T) {
	const (
		held  = "read-auto-17 at=set_disk_ro+0 hits=1 state=holding task=17 lost=0\n"
		armed = "read-auto-18 at=set_disk_ro+0 hits=0 state=armed task=18 lost=0\n"
		full  = "A at=ilookup+0 hits=1 state=armed task=0 lost=2\n"
	)
	for _, c := range []struct {
		list  string
		want  bool
		wrong bool
	}{
		{"", false, false},
		{armed, false, false},
		{armed + held, true, false},
		{held + armed, true, false},
		{armed + full, false, true},
	} {
		if got, err := anyHeld([]byte(c.list)); got != c.want || (err != nil) != c.wrong {
			t.Errorf("%q: %v, %v; want %v, error %v", c.list, got, err, c.want, c.wrong)
		}
	}
}
