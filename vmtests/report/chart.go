// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"html/template"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"mdlife/internal/figures"
	"mdlife/internal/svg"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// The colours of the two kernels, as in the page's legend.
var (
	unpatchedColor = color.RGBA{0xb7, 0x1c, 0x1c, 0xff}
	patchedColor   = color.RGBA{0x15, 0x65, 0xc0, 0xff}
)

// distributions draws the latencies of all races, one chart each.
func distributions(rep *verdict.Report) (charts []template.HTML, err error) {
	u, p := rep.Unpatched.Total, rep.Patched.Total
	for _, d := range []struct {
		title string
		u, p  event.Latency
	}{{"open", u.Open, p.Open}, {"stop", u.Stop, p.Stop}, {"last close to gone", u.Gone, p.Gone}} {
		chart, err := distribution(d.title, d.u, d.p)
		if err != nil {
			return nil, err
		}
		charts = append(charts, chart)
	}
	return charts, nil
}

// distribution draws the cumulative distribution of one latency on both kernels, with a
// logarithmic time axis.
func distribution(title string, u, p event.Latency) (template.HTML, error) {
	c := plot.New()
	c.Title.Text = title
	c.Y.Label.Text = "% of all, up to"
	c.Y.Min, c.Y.Max = 0, 100
	c.X.Scale = plot.LogScale{}
	c.X.Min, c.X.Max = 1, 10
	c.X.Tick.Marker = plot.TickerFunc(decades)
	c.Add(plotter.NewGrid())
	for _, side := range []struct {
		latency event.Latency
		color   color.RGBA
	}{{u, unpatchedColor}, {p, patchedColor}} {
		points := cumulative(side.latency)
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return "", err
		}
		line.Color = side.color
		c.Add(line)
	}
	return svg.Element(c, 4*vg.Inch, 2.5*vg.Inch)
}

// cumulative returns the share of the values up to each bar's limit, in per cent; times
// below 1 µs count as 1 µs.
func cumulative(l event.Latency) (points plotter.XYs) {
	var seen int64
	for _, b := range l.Bars {
		seen += b.Count
		points = append(points, plotter.XY{X: math.Max(float64(b.Le), 1), Y: 100 * float64(seen) / float64(l.Count)})
	}
	return points
}

// decades labels the powers of ten of an axis of microseconds.
func decades(lo, hi float64) (ticks []plot.Tick) {
	for d := math.Floor(math.Log10(lo)); math.Pow(10, d) <= hi; d++ {
		ticks = append(ticks, plot.Tick{Value: math.Pow(10, d), Label: figures.Micros(math.Pow(10, d))})
	}
	return ticks
}
