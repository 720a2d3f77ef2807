// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"strings"
	"testing"

	"mdlife/benchmarks/paired"
)

func TestPairedTable(t *testing.T) {
	within := paired.Result{Ratio: paired.Ratio{Median: 1.01}, WithinNoise: true}
	slow := paired.Result{Ratio: paired.Ratio{Median: 1.2}}
	void := paired.Result{Ratio: paired.Ratio{Median: 1}, WithinNoise: true, Void: true}
	for name, c := range map[string]struct {
		results map[string]paired.Result
		met     bool
		want    string
	}{
		"within noise":    {map[string]paired.Result{"open-close": within}, true, "yes"},
		"faster":          {map[string]paired.Result{"open-close": {Ratio: paired.Ratio{Median: 0.5}}}, true, "NO"},
		"slower":          {map[string]paired.Result{"open-close": within, "create-stop-gone": slow}, false, "NO"},
		"void":            {map[string]paired.Result{"open-close": void}, false, "void"},
		"a part is shown": {map[string]paired.Result{"create-stop-gone": within, "create-stop-gone: gone": slow}, true, "(a part)"},
	} {
		var out strings.Builder
		_, met, err := printPaired(&out)(c.results, nil)
		if err != nil || met != c.met || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: met %v, %v, in\n%s", name, met, err, out.String())
		}
	}
}
