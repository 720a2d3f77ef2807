// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"os"
	"regexp"
	"slices"
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

// What a console says in KUnit's KTAP (Documentation/dev-tools/ktap.rst), and of rates.
var (
	stampRE  = regexp.MustCompile(`^\[ *\d+\.\d+\] ?`)
	resultRE = regexp.MustCompile(`^ *(not )?ok \d+ (\S+)`)
	rateRE   = regexp.MustCompile(`(\d+) MB/s`)
	totalsRE = regexp.MustCompile(`^# raid6\S*: pass:(\d+) fail:(\d+) skip:\d+ total:\d+`)
)

// impossibleRate, in MB/s, is more than any CPU reaches on one stripe. A kernel that prints
// such a rate measured with a clock that stood still, and its choice means nothing.
const impossibleRate = 2_000_000

// ParityLines returns what a kernel says on its console about its RAID-6 and xor code, as
// lib/raid6/algos.c and crypto/xor.c print it, without time stamps.
func ParityLines(console string) []string {
	return slices.DeleteFunc(messages(console), func(line string) bool {
		return !strings.HasPrefix(line, "raid6: ") && !strings.HasPrefix(line, "xor: ")
	})
}

// messages returns the lines of a console without time stamps.
func messages(console string) (lines []string) {
	for line := range strings.Lines(console) {
		lines = append(lines, stampRE.ReplaceAllString(strings.TrimRight(line, "\r\n"), ""))
	}
	return lines
}

// readRAID6Boot reads a console. With kunit, its suite must be there and have passed.
func readRAID6Boot(console string, kunit bool) (b RAID6Boot) {
	if !b.readChoice(console) {
		b.Problems = append(b.Problems, "the kernel has not said which algorithm it uses")
	}
	if !b.readKUnit(console) && kunit {
		b.Problems = append(b.Problems, "KUnit has not said that the suite raid6 passed")
	}
	return b
}

// readChoice reads what the kernel says of the algorithms, and reports whether it chose one.
func (b *RAID6Boot) readChoice(console string) (chosen bool) {
	for _, line := range ParityLines(console) {
		if !strings.HasPrefix(line, "raid6: ") {
			continue
		}
		b.Said = append(b.Said, line)
		chosen = chosen || strings.HasPrefix(line, "raid6: using algorithm ")
		for _, rate := range rateRE.FindAllStringSubmatch(line, -1) {
			if n, err := strconv.ParseUint(rate[1], 10, 64); err != nil || n == 0 || n > impossibleRate {
				b.Problems = append(b.Problems, "cannot be: "+line)
			}
		}
	}
	return chosen
}

// readKUnit reads KUnit's results, and reports whether its suite raid6 passed.
func (b *RAID6Boot) readKUnit(console string) (passed bool) {
	for _, line := range messages(console) {
		if totals := totalsRE.FindStringSubmatch(line); totals != nil {
			b.Said = append(b.Said, line)
			passed = passed || totals[1] != "0" && totals[2] == "0"
		}
		if result := resultRE.FindStringSubmatch(line); result != nil && result[1] != "" {
			b.Problems = append(b.Problems, "KUnit: "+strings.TrimSpace(line))
		}
	}
	return passed
}
