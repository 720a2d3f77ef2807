// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"math"
	"strings"

	"mdlife/vmtests/event"
)

// The plot area of a chart in SVG units; the template draws the axes there.
const (
	chartLeft   = 40
	chartRight  = 330
	chartTop    = 10
	chartBottom = 160
)

// chart is the cumulative distribution of one latency on both kernels, with a
// logarithmic time axis.
type chart struct {
	Title              string
	Left, Bottom       int
	Unpatched, Patched string // points of an SVG polyline
	Ticks              []tick
}

// tick is a power of ten on the time axis.
type tick struct {
	X     float64
	Label string
}

func newChart(title string, u, p event.Latency) chart {
	lo, hi := decades(u, p)
	c := chart{Title: title, Left: chartLeft, Bottom: chartBottom,
		Unpatched: points(u, lo, hi), Patched: points(p, lo, hi)}
	for d := lo; d <= hi; d++ {
		c.Ticks = append(c.Ticks, tick{X: xOf(math.Pow10(d), lo, hi), Label: tickLabel(d)})
	}
	return c
}

// decades returns the powers of ten (in µs) that enclose both distributions.
func decades(ls ...event.Latency) (lo, hi int) {
	lo, hi = 0, 1
	first := true
	for _, l := range ls {
		for _, b := range l.Bars {
			d := math.Log10(math.Max(float64(b.Le), 1))
			if first || int(math.Floor(d)) < lo {
				lo = int(math.Floor(d))
			}
			hi = max(hi, int(math.Ceil(d)))
			first = false
		}
	}
	return lo, max(hi, lo+1)
}

// points is the cumulative distribution as an SVG polyline.
func points(l event.Latency, lo, hi int) string {
	var b strings.Builder
	var seen int64
	for _, bar := range l.Bars {
		seen += bar.Count
		y := chartBottom - float64(chartBottom-chartTop)*float64(seen)/float64(l.Count)
		fmt.Fprintf(&b, "%.1f,%.1f ", xOf(float64(bar.Le), lo, hi), y)
	}
	return strings.TrimSpace(b.String())
}

// xOf is the place of a time (µs) on the axis.
func xOf(us float64, lo, hi int) float64 {
	share := (math.Log10(math.Max(us, 1)) - float64(lo)) / float64(hi-lo)
	return math.Round((chartLeft+share*(chartRight-chartLeft))*10) / 10
}

// tickLabel is "10 µs", "1 ms" …
func tickLabel(decade int) string {
	units := []string{"µs", "ms", "s"}
	unit := min(decade/3, len(units)-1)
	return fmt.Sprintf("%.0f %s", math.Pow10(decade-3*unit), units[unit])
}
