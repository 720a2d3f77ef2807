// SPDX-License-Identifier: BSD-3-Clause

package event

import (
	"slices"
	"testing"
)

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		places []int
		spans  []Span
	}{
		{nil, nil},
		{[]int{3}, []Span{{3, 3}}},
		{[]int{0, 1, 2, 5, 7, 8}, []Span{{0, 2}, {5, 5}, {7, 8}}},
	} {
		if got := Spans(c.places); !slices.Equal(got, c.spans) {
			t.Errorf("%v are %v, want %v", c.places, got, c.spans)
		}
		if got := Places(c.spans, 9); !slices.Equal(got, c.places) {
			t.Errorf("%v are %v, want %v", c.spans, got, c.places)
		}
	}
	if got := Places([]Span{{-1, 1}, {7, 99}}, 8); !slices.Equal(got, []int{0, 1, 7}) {
		t.Errorf("beyond both ends: %v", got)
	}
}
