// SPDX-License-Identifier: BSD-3-Clause

// Package hist records latencies in a guest, turns them into [event.Latency], and merges
// those on the host.
package hist

import (
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"mdlife/vmtests/event"
)

// maxMicros is the longest latency that a histogram can hold: a minute.
const maxMicros = 60_000_000

// Hist is an HDR histogram of latencies in microseconds with 2 significant
// digits. It is not safe for concurrent use; [Hist.Add] adds one to another.
type Hist struct{ h *hdr.Histogram }

// New returns an empty histogram.
func New() Hist { return Hist{hdr.New(1, maxMicros, 2)} }

// Record adds one latency. Longer ones than a minute count as a minute.
func (h Hist) Record(d time.Duration) {
	us := min(max(d.Microseconds(), 0), maxMicros)
	_ = h.h.RecordValue(us) // fails only out of range
}

// Add adds all values of other to h.
func (h Hist) Add(other Hist) { h.h.Merge(other.h) }

// Count returns how many latencies h holds.
func (h Hist) Count() int64 { return h.h.TotalCount() }

// Latency converts the histogram; all figures of an empty one are 0.
func (h Hist) Latency() event.Latency {
	lat := event.Latency{Count: h.h.TotalCount()}
	if lat.Count == 0 {
		return lat
	}
	lat.P50 = float64(h.h.ValueAtQuantile(50))
	lat.P99 = float64(h.h.ValueAtQuantile(99))
	lat.Max = float64(h.h.Max())
	lat.Bars = bars(h.h.Distribution())
	return lat
}

// Merge returns the distribution of all values together. Its count and maximum are exact,
// its percentiles as exact as the bars: the limit of a bar is a value of the bar's last
// bucket, and all histograms have the same buckets.
func Merge(distributions []event.Latency) event.Latency {
	sum := New()
	for _, d := range distributions {
		for _, bar := range d.Bars {
			_ = sum.h.RecordValues(min(bar.Le, maxMicros), bar.Count)
		}
	}
	return sum.Latency()
}

// barWidth is how far apart the bounds of neighbouring bars are at least, as a
// factor. It keeps an event of any race well below the 64 KiB that a line to
// the host may have: from 1 µs to a minute there are at most 367 bars.
const barWidth = 1.05

// bars turns the buckets of a histogram, in rising order, into bars: empty
// buckets are left out, and neighbours joined up to barWidth.
func bars(buckets []hdr.Bar) []event.Bar {
	var out []event.Bar
	limit := 0.0 // buckets that end up to here join the last bar
	for _, b := range buckets {
		switch {
		case b.Count == 0:
		case len(out) > 0 && float64(b.To) <= limit:
			last := &out[len(out)-1]
			last.Le, last.Count = b.To, last.Count+b.Count
		default:
			out = append(out, event.Bar{Le: b.To, Count: b.Count})
			limit = float64(b.To) * barWidth
		}
	}
	return out
}
