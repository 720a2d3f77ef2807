// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	_ "embed"
	"html/template"
	"io"

	"mdlife/vmtests/verdict"
)

//go:embed report.html.tmpl
var htmlSource string

var htmlTemplate = template.Must(template.New("report").Parse(htmlSource))

// htmlPage is what the template sees.
type htmlPage struct {
	*verdict.Report
	Outcome verdict.Outcome
	Charts  []template.HTML
	Text    string
}

// writeHTML writes one self-contained page: the verdict, its reasons, charts of
// the distributions, the table and every rule.
func writeHTML(w io.Writer, rep *verdict.Report, o verdict.Outcome) error {
	charts, err := distributions(rep)
	if err != nil {
		return err
	}
	return htmlTemplate.Execute(w, htmlPage{Report: rep, Outcome: o, Charts: charts, Text: Conclusion(o)})
}
