// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"os"
	"regexp"
	"strconv"
	"strings"

	"mdlife/kernel"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// RAID6Boot is what a kernel printed about its RAID-6 code while it booted.
type RAID6Boot struct {
	Said     []string // "raid6: using algorithm avx2x4", and KUnit's totals
	Problems []string
}

// Results judges the boot.
func (b RAID6Boot) Results() (results []verdict.Result) {
	for _, problem := range b.Problems {
		results = append(results, verdict.Result{Name: "raid6-boot", Detail: problem})
	}
	if len(results) == 0 {
		results = append(results, verdict.Result{Name: "raid6-boot", OK: true, Detail: "an algorithm was chosen, and no test failed"})
	}
	return results
}

// RAID6Boot boots the kernel that measures its RAID-6 code, and tests it with KUnit where
// the base has such tests.
func (o Options) RAID6Boot(ctx context.Context) (RAID6Boot, error) {
	guests, err := RunEach(ctx, o, []kernel.Variant{kernel.VariantRAID6}, event.Plan{})
	if err != nil {
		return RAID6Boot{}, err
	}
	k := guests[0]
	text, err := os.ReadFile(k.Console)
	if err != nil {
		return RAID6Boot{}, err
	}
	b := readRAID6Boot(string(text), o.Base.KUnitRAID6)
	for _, why := range []string{k.Died, k.Trace} {
		if why != "" {
			b.Problems = append(b.Problems, why)
		}
	}
	if len(b.Problems) > 0 {
		b.Problems = append(b.Problems, "console: "+k.Console)
	}
	return b, nil
}

// What a console says: lib/raid6/algos.c, and KUnit's KTAP
// (Documentation/dev-tools/ktap.rst).
var (
	stampRE  = regexp.MustCompile(`^\[ *\d+\.\d+\] ?`)
	resultRE = regexp.MustCompile(`^ *(not )?ok \d+ (\S+)`)
	rateRE   = regexp.MustCompile(`(\d+) MB/s`)
	totalsRE = regexp.MustCompile(`^# raid6\S*: pass:(\d+) fail:(\d+) skip:\d+ total:\d+`)
)

// impossibleRate, in MB/s, is more than any CPU reaches on one stripe. A kernel that prints
// such a rate measured with a clock that stood still, and its choice means nothing.
const impossibleRate = 2_000_000

// readRAID6Boot reads a console. With kunit, its suite must be there and have passed.
func readRAID6Boot(text string, kunit bool) (b RAID6Boot) {
	chosen, passed := false, false
	for line := range strings.Lines(text) {
		line = stampRE.ReplaceAllString(strings.TrimRight(line, "\r\n"), "")
		totals := totalsRE.FindStringSubmatch(line)
		result := resultRE.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(line, "raid6: "):
			b.Said = append(b.Said, line)
			chosen = chosen || strings.HasPrefix(line, "raid6: using algorithm ")
			for _, rate := range rateRE.FindAllStringSubmatch(line, -1) {
				if n, err := strconv.ParseUint(rate[1], 10, 64); err != nil || n == 0 || n > impossibleRate {
					b.Problems = append(b.Problems, "cannot be: "+line)
				}
			}
		case totals != nil:
			b.Said = append(b.Said, line)
			passed = passed || totals[1] != "0" && totals[2] == "0"
		case result != nil && result[1] != "":
			b.Problems = append(b.Problems, "KUnit: "+strings.TrimSpace(line))
		}
	}
	if !chosen {
		b.Problems = append(b.Problems, "the kernel has not said which algorithm it uses")
	}
	if kunit && !passed {
		b.Problems = append(b.Problems, "KUnit has not said that the suite raid6 passed")
	}
	return b
}
