// SPDX-License-Identifier: BSD-3-Clause

// Package paired compares two variants that were measured in turns on a machine
// that drifts: what counts is the ratio within each round, its median over the
// rounds, and an A/A control, the ratio of one variant to itself, which tells
// how much of a difference is noise.
package paired

import (
	"errors"
	"fmt"
	"math"

	"github.com/montanaflynn/stats"
)

// MinRounds is the least number of rounds that give a median with quartiles.
const MinRounds = 3

// MaxControl is how far the A/A control's median may lie from 1. A run whose
// control lies farther off is void: the machine was too restless.
const MaxControl = 0.05

// MaxNoise is the noise beyond which a run cannot tell anything and is void.
const MaxNoise = 0.15

// floor is a difference that is never called more than noise: below it, code
// layout alone moves figures of this kind.
const floor = 0.03

// Round is one round's times: the reference before the candidate, the
// candidate, and the reference again, all in one unit.
type Round struct {
	Before    float64 `json:"before"`
	Candidate float64 `json:"candidate"`
	After     float64 `json:"after"`
}

// Ratio is a distribution of per-round ratios.
type Ratio struct {
	Median float64 `json:"median"`
	Low    float64 `json:"q1"` // lower quartile
	High   float64 `json:"q3"` // upper quartile
}

func (r Ratio) String() string { return fmt.Sprintf("%.3f [%.3f, %.3f]", r.Median, r.Low, r.High) }

// Result is the comparison of a candidate with a reference.
type Result struct {
	Rounds      int     `json:"rounds"`
	Reference   float64 `json:"reference"`    // median of all reference times
	Candidate   float64 `json:"candidate"`    // median of the candidate's times
	Ratio       Ratio   `json:"ratio"`        // candidate / mean of the references around it
	Control     Ratio   `json:"control"`      // reference after / reference before
	Noise       float64 `json:"noise"`        // largest |ratio - 1| that is called noise
	WithinNoise bool    `json:"within_noise"` // |median ratio - 1| <= Noise
	Void        bool    `json:"void"`         // the control lies too far from 1, or there is too much noise
}

// Compare evaluates rounds. The reference around each candidate is averaged, so
// that a machine that slows down steadily does not count against either.
func Compare(rounds []Round) (Result, error) {
	if len(rounds) < MinRounds {
		return Result{}, fmt.Errorf("%d rounds are too few for a comparison, %d are needed", len(rounds), MinRounds)
	}
	var ratios, control, refs, cands []float64
	for _, r := range rounds {
		if r.Before <= 0 || r.Candidate <= 0 || r.After <= 0 {
			return Result{}, errors.New("a time that is not positive")
		}
		ratios = append(ratios, 2*r.Candidate/(r.Before+r.After))
		control = append(control, r.After/r.Before)
		refs = append(refs, r.Before, r.After)
		cands = append(cands, r.Candidate)
	}
	res := Result{Rounds: len(rounds), Reference: Median(refs), Candidate: Median(cands),
		Ratio: ratioOf(ratios), Control: ratioOf(control)}
	res.Noise = max(floor, math.Abs(res.Control.Median-1), (res.Control.High-res.Control.Low)/2)
	res.WithinNoise = math.Abs(res.Ratio.Median-1) <= res.Noise
	res.Void = math.Abs(res.Control.Median-1) > MaxControl || res.Noise > MaxNoise
	return res, nil
}

// Median of values, of which there must be at least one.
func Median(values []float64) float64 {
	m, err := stats.Median(values)
	if err != nil {
		panic("paired: " + err.Error())
	}
	return m
}

func ratioOf(values []float64) Ratio {
	q, err := stats.Quartile(values)
	if err != nil {
		panic("paired: " + err.Error())
	}
	return Ratio{Median: q.Q2, Low: q.Q1, High: q.Q3}
}
