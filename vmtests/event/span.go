// SPDX-License-Identifier: BSD-3-Clause

package event

// Span is some places in a row, from the first to the last of them.
type Span [2]int

// Spans returns rising places as the fewest spans: they travel on a kernel's command line.
func Spans(places []int) (spans []Span) {
	for _, p := range places {
		if n := len(spans); n > 0 && spans[n-1][1] == p-1 {
			spans[n-1][1] = p
			continue
		}
		spans = append(spans, Span{p, p})
	}
	return spans
}

// Places returns the places of spans, as far as there are n of them in all.
func Places(spans []Span, n int) (places []int) {
	for _, s := range spans {
		for p := max(s[0], 0); p <= s[1] && p < n; p++ {
			places = append(places, p)
		}
	}
	return places
}
