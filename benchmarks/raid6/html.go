// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"io"

	"mdlife/internal/svg"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var page = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>mdlife: RAID-6 arithmetic</title>
<style>body{font-family:sans-serif;max-width:75em;margin:2em auto;padding:0 1em}
pre{font-size:75%;overflow-x:auto;line-height:1.15}figure{margin:1em 0}</style></head><body>
<h1>RAID-6 arithmetic, unpatched and patched</h1>
<p>Times the speed of the stock kernel's choice, {{.Reference}}: median of the ratios
within a round, with its 95 % confidence interval. First run of {{.Runs}}.</p>
{{range .Plots}}<figure>{{.}}</figure>
{{end}}{{range .Texts}}<h2>Run of {{.When}}</h2><pre>{{.Text}}</pre>
{{end}}</body></html>
`))

// WriteHTML writes the report of the runs: plots of the first one, tables of all.
func WriteHTML(w io.Writer, runs []*Report) error {
	type text struct{ When, Text string }
	data := struct {
		Reference string
		Runs      int
		Plots     []template.HTML
		Texts     []text
	}{Reference: runs[0].Reference, Runs: len(runs)}
	for _, op := range AllOps {
		for _, size := range AllSizes {
			element, err := runs[0].plot(op, size)
			if err != nil {
				return err
			}
			if element != "" {
				data.Plots = append(data.Plots, element)
			}
		}
	}
	for _, r := range runs {
		var b bytes.Buffer
		r.Print(&b)
		data.Texts = append(data.Texts, text{r.Started.Format("2006-01-02 15:04:05 MST"), b.String()})
	}
	return page.Execute(w, data)
}

// shown are the variants in the plots, with their colours; all are in the tables.
var shown = []struct {
	name  string
	color color.RGBA
}{
	{newPre + "gfni512x4", color.RGBA{0x1b, 0x6e, 0xc2, 0xff}},
	{newPre + "gfni256x4", color.RGBA{0x6f, 0xb1, 0xea, 0xff}},
	{newPre + "avx512x4", color.RGBA{0x2e, 0x8b, 0x57, 0xff}},
	{isaL, color.RGBA{0xd9, 0x8e, 0x04, 0xff}},
	{goLib, color.RGBA{0xb0, 0x4a, 0x9a, 0xff}},
	{xorOnly, color.RGBA{0x80, 0x80, 0x80, 0xff}},
}

// interval plots medians with their intervals.
type interval struct {
	plotter.XYs
	plotter.YErrors
}

// plot draws one operation at one size, "" if it was not measured.
func (r *Report) plot(op Op, size int) (template.HTML, error) {
	var cells []CellResult
	for _, c := range r.Cells {
		if c.Cell.Op == op && c.Cell.Bytes == size {
			cells = append(cells, c)
		}
	}
	if len(cells) == 0 {
		return "", nil
	}
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s, %d KiB of each disk", op, size/1024)
	p.Y.Label.Text = "times " + r.Reference
	p.Y.Min = 0
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	var ticks []plot.Tick
	for i, c := range cells {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: fmt.Sprintf("%d+2 %s", c.Cell.Width, c.Cell.Regime)})
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	p.X.Min, p.X.Max = -0.5, float64(len(cells))-0.5
	for n, v := range shown {
		if err := addVariant(p, cells, v.name, v.color, (float64(n)-2.5)*0.1); err != nil {
			return "", err
		}
	}
	return svg.Element(p, 11*vg.Inch, 4*vg.Inch)
}

// addVariant adds one variant's points, moved aside a little.
func addVariant(p *plot.Plot, cells []CellResult, name string, c color.RGBA, aside float64) error {
	var d interval
	for i, cell := range cells {
		if t, ok := cell.find(name); ok {
			d.XYs = append(d.XYs, plotter.XY{X: float64(i) + aside, Y: t.Speedup.Median})
			d.YErrors = append(d.YErrors, struct{ Low, High float64 }{t.Speedup.Median - t.Speedup.Low, t.Speedup.High - t.Speedup.Median})
		}
	}
	if len(d.XYs) == 0 {
		return nil
	}
	points, err := plotter.NewScatter(d.XYs)
	if err != nil {
		return err
	}
	points.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	bars, err := plotter.NewYErrorBars(d)
	if err != nil {
		return err
	}
	bars.LineStyle.Color = c
	p.Add(points, bars)
	p.Legend.Add(name, points)
	return nil
}
