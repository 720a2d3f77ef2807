// SPDX-License-Identifier: BSD-3-Clause

package hist

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mdlife/vmtests/event"
)

func TestLatency(t *testing.T) {
	a, b := New(), New()
	for range 98 {
		a.Record(10 * time.Microsecond)
	}
	b.Record(5 * time.Millisecond)
	b.Record(2 * time.Hour) // longer than the histogram reaches
	a.Add(b)
	lat := a.Latency()
	if lat.Count != 100 || lat.P50 != 10 {
		t.Errorf("count %d, p50 %v; wanted 100, 10", lat.Count, lat.P50)
	}
	if lat.P99 < 4900 || lat.P99 > 5100 {
		t.Errorf("p99 %v is not 5000 within 2 digits", lat.P99)
	}
	if lat.Max < 59e6 || lat.Max > 61e6 {
		t.Errorf("max %v is not a minute", lat.Max)
	}
}

func TestEmpty(t *testing.T) {
	if lat := New().Latency(); lat.Count != 0 || lat.Max != 0 || len(lat.Bars) != 0 {
		t.Errorf("an empty histogram gave %+v", lat)
	}
}

// TestMerge: distributions that are merged are those of all values, up to the width of a bar.
func TestMerge(t *testing.T) {
	all, rng := New(), rand.New(rand.NewPCG(3, 4))
	var parts []event.Latency
	for n := range 5 {
		part := New()
		for range 2000 * n { // the first has none
			part.Record(time.Duration(1<<rng.IntN(20+n)) * time.Microsecond)
		}
		part.Record(time.Duration(n+1) * time.Hour) // longer than a histogram reaches
		all.Add(part)
		parts = append(parts, part.Latency())
	}
	got, want := Merge(parts), all.Latency()
	if got.Count != want.Count || got.Max != want.Max || !slices.Equal(got.Bars, want.Bars) {
		t.Errorf("merged: %d values up to %v in %v\nwant: %d values up to %v in %v", got.Count, got.Max, got.Bars, want.Count, want.Max, want.Bars)
	}
	for _, p := range []struct{ got, want float64 }{{got.P50, want.P50}, {got.P99, want.P99}} {
		if p.got < p.want || p.got > p.want*barWidth {
			t.Errorf("a percentile is %v, of all values %v", p.got, p.want)
		}
	}
	if got := Merge(nil); got.Count != 0 || got.Max != 0 || len(got.Bars) != 0 {
		t.Errorf("nothing merged gives %+v", got)
	}
}

// TestBars fills every decade: an event must stay below vmtest's 64 KiB a line,
// and no value may be lost.
func TestBars(t *testing.T) {
	h, rng := New(), rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		us := 1 << rng.IntN(26)
		h.Record(time.Duration(us+rng.IntN(us)) * time.Microsecond)
	}
	lat := h.Latency()
	var sum, last int64
	for _, bar := range lat.Bars {
		if bar.Le <= last || bar.Count <= 0 {
			t.Fatalf("bar %+v after one up to %d", bar, last)
		}
		sum, last = sum+bar.Count, bar.Le
	}
	if sum != lat.Count || lat.Count != 200_000 {
		t.Errorf("the bars hold %d of %d values", sum, lat.Count)
	}
	if float64(last) < lat.Max {
		t.Errorf("the last bar ends at %d, below the maximum %v", last, lat.Max)
	}
	b, err := json.Marshal(lat)
	if err != nil || len(b) > 16<<10 {
		t.Errorf("%d bars take %d bytes, %v", len(lat.Bars), len(b), err)
	}
}
