// SPDX-License-Identifier: BSD-3-Clause

// Package figures prints counts, times and lists for people: in tables, in the reasons of
// a verdict and in charts.
package figures

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// None stands for "nothing was measured" or "there is no such thing".
const None = "–"

// Count prints n with thousands separators: 142,000.
func Count(n int64) string {
	return message.NewPrinter(language.English).Sprintf("%d", n)
}

// Micros prints a time in microseconds with about three digits: 12.0 µs, 3.40 ms, 1.25 s.
func Micros(us float64) string {
	switch {
	case us >= 1e6:
		return threeDigits(us/1e6) + " s"
	case us >= 1e3:
		return threeDigits(us/1e3) + " ms"
	default:
		return threeDigits(us) + " µs"
	}
}

// threeDigits prints a number below 1,000 with about three digits.
func threeDigits(v float64) string {
	decimals := 2
	if v >= 10 {
		decimals = 1
	}
	if v >= 100 {
		decimals = 0
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// Seconds prints a time in seconds: 2.1 s.
func Seconds(s float64) string { return fmt.Sprintf("%.1f s", s) }

// Counts prints "16 ENXIO, 2 EBUSY", the most frequent first, or [None] where every count is 0.
func Counts[N int | int64](m map[string]N) string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), strings.Compare(a, b))
	})
	var parts []string
	for _, name := range names {
		if m[name] != 0 {
			parts = append(parts, Count(int64(m[name]))+" "+name)
		}
	}
	return List(parts)
}

// List joins names with commas, or prints [None] where there is none.
func List(names []string) string { return cmp.Or(strings.Join(names, ", "), None) }
