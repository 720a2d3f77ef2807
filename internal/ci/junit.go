// SPDX-License-Identifier: BSD-3-Clause

package ci

import (
	"encoding/xml"
	"os"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// parse reads a JUnit XML file. Its root may be one suite or several.
func parse(path string) (junit.Testsuites, error) {
	var all junit.Testsuites
	data, err := os.ReadFile(path)
	if err != nil {
		return all, err
	}
	var one struct {
		XMLName xml.Name `xml:"testsuite"`
		junit.Testsuite
	}
	if xml.Unmarshal(data, &one) == nil {
		all.AddSuite(one.Testsuite)
		return all, nil
	}
	return all, xml.Unmarshal(data, &all)
}
