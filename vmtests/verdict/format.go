// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"mdlife/vmtests/event"
)

// group prints a count with thousands separators: 142,000.
func group(n int64) string {
	return message.NewPrinter(language.English).Sprintf("%d", n)
}

// micros prints a time given in microseconds with about three digits: 12 µs,
// 3.4 ms, 1.25 s.
func micros(us float64) string {
	digits := func(v float64) string {
		prec := 2
		if v >= 10 {
			prec = 1
		}
		if v >= 100 {
			prec = 0
		}
		return strconv.FormatFloat(v, 'f', prec, 64)
	}
	switch {
	case us >= 1e6:
		return digits(us/1e6) + " s"
	case us >= 1e3:
		return digits(us/1e3) + " ms"
	default:
		return digits(us) + " µs"
	}
}

// latency prints p50 / p99 / max, or a dash where nothing was measured.
func latency(l event.Latency) string {
	if l.Count == 0 {
		return none
	}
	return micros(l.P50) + " / " + micros(l.P99) + " / " + micros(l.Max)
}

// counts prints "16 ENXIO, 2 EBUSY", the most frequent first, or a dash.
func counts[N int | int64](m map[string]N) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if m[a] != m[b] {
			return int(m[b] - m[a])
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, k := range keys {
		if m[k] != 0 {
			parts = append(parts, group(int64(m[k]))+" "+k)
		}
	}
	return orElse(strings.Join(parts, ", "), none)
}

// seconds prints 2.1 s.
func seconds(s float64) string { return fmt.Sprintf("%.1f s", s) }
