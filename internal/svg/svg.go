// SPDX-License-Identifier: BSD-3-Clause

// Package svg draws plots as SVG elements of an HTML page.
package svg

import (
	"bytes"
	"html/template"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Element draws a plot of this size as an svg element, which escapes the plot's own texts.
func Element(p *plot.Plot, width, height vg.Length) (template.HTML, error) {
	c := vgsvg.New(width, height)
	p.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return "", err
	}
	s := b.String()
	return template.HTML(s[max(strings.Index(s, "<svg"), 0):]), nil // without the XML header
}
