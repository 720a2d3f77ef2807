// SPDX-License-Identifier: BSD-3-Clause

package figures

import "testing"

func TestMicros(t *testing.T) {
	for us, want := range map[float64]string{0: "0.00 µs", 12: "12.0 µs", 345: "345 µs", 3400: "3.40 ms", 1.25e6: "1.25 s"} {
		if got := Micros(us); got != want {
			t.Errorf("Micros(%v) = %q, want %q", us, got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	for want, m := range map[string]map[string]int64{
		"142,000 ENODEV, 9 EBUSY, 9 ENXIO": {"ENXIO": 9, "ENODEV": 142_000, "EBUSY": 9, "EINTR": 0},
		None:                               {"EINTR": 0},
	} {
		if got := Counts(m); got != want {
			t.Errorf("Counts(%v) = %q, want %q", m, got, want)
		}
	}
}

func TestList(t *testing.T) {
	if got := List([]string{"md0", "md1"}) + List(nil); got != "md0, md1"+None {
		t.Errorf("got %q", got)
	}
}
