// SPDX-License-Identifier: BSD-3-Clause

package paired

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drifting makes rounds on a machine that slows down by drift a measurement,
// with noise, where the candidate takes factor times as long as the reference.
func drifting(n int, factor, drift, noise float64) []Round {
	rng := rand.New(rand.NewPCG(1, 2))
	speed := 100.0
	next := func(f float64) float64 {
		speed *= 1 + drift
		return speed * f * (1 + noise*(rng.Float64()-0.5))
	}
	var rs []Round
	for range n {
		rs = append(rs, Round{next(1), next(factor), next(1)})
	}
	return rs
}

func TestCompare(t *testing.T) {
	for _, tc := range []struct {
		name                 string
		factor, drift, noise float64
		within, void         bool
	}{
		{"same", 1, 0, 0.02, true, false},
		{"same on a machine that slows down", 1, 0.01, 0.01, true, false},
		{"10 % slower", 1.1, 0.005, 0.02, false, false},
		{"10 % faster", 0.9, 0.005, 0.02, false, false},
		{"machine that slows down fast", 1, 0.05, 0.02, true, true},
		{"restless machine", 1, 0, 0.8, true, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := Compare(drifting(9, tc.factor, tc.drift, tc.noise))
			if err != nil {
				t.Fatal(err)
			}
			if r.WithinNoise != tc.within || r.Void != tc.void || math.Abs(r.Ratio.Median-tc.factor) > 0.02+tc.noise/2 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestCompareRefusesTooLittleOrNonsense(t *testing.T) {
	if _, err := Compare(drifting(2, 1, 0, 0)); err == nil {
		t.Error("two rounds were compared")
	}
	if _, err := Compare([]Round{{1, 1, 1}, {1, 0, 1}, {1, 1, 1}}); err == nil {
		t.Error("a time of 0 was compared")
	}
}
