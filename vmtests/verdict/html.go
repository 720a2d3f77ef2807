// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed report.html.tmpl
var htmlSource string

var htmlTemplate = template.Must(template.New("report").Parse(htmlSource))

// htmlPage is what the template sees.
type htmlPage struct {
	*Report
	Sections []Section
	Charts   []chart
	Text     string
}

// WriteHTML writes one self-contained page: the verdict, its reasons, charts of
// the distributions, the table and every rule.
func (rep *Report) WriteHTML(w io.Writer) error {
	u, p := &rep.Unpatched, &rep.Patched
	return htmlTemplate.Execute(w, htmlPage{
		Report:   rep,
		Sections: rep.Sections(),
		Charts: []chart{
			newChart("open", u.Total.Open, p.Total.Open),
			newChart("stop", u.Total.Stop, p.Total.Stop),
			newChart("last close to gone", u.Total.Gone, p.Total.Gone),
		},
		Text: rep.Conclusion(),
	})
}
