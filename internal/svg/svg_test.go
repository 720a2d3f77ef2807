// SPDX-License-Identifier: BSD-3-Clause

package svg

import (
	"encoding/xml"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// TestElement: the element is well-formed and can stand in a page; a text cannot end it.
func TestElement(t *testing.T) {
	p := plot.New()
	p.Title.Text = "a < b </svg><script>"
	got, err := Element(p, 4*vg.Inch, 3*vg.Inch)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(got); !strings.HasPrefix(s, "<svg") || strings.Contains(s, "<script>") {
		t.Errorf("%.200s", s)
	}
	var element struct {
		XMLName xml.Name `xml:"svg"`
	}
	if err := xml.Unmarshal([]byte(got), &element); err != nil {
		t.Error(err)
	}
}
