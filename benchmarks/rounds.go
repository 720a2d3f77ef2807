// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"fmt"
	"slices"

	"mdlife/benchmarks/paired"
	"mdlife/vmtests"
	"mdlife/vmtests/verdict"
)

// abaRounds boots, in each round, the unpatched kernel, the patched one and the unpatched one
// again, each by boot with the machine to itself. It returns the rounds of each benchmark that
// the guests measured: the medians of what each guest did, in microseconds.
func abaRounds(all vmtests.Artefacts, rounds int, boot func(vmtests.Artefact) (verdict.Guest, error)) (map[string][]paired.Round, error) {
	measured := map[string][]paired.Round{}
	for i := range rounds {
		var boots [3]map[string]float64
		for j, a := range []vmtests.Artefact{all.Unpatched, all.Patched, all.Unpatched} {
			guest, err := boot(a)
			if err == nil {
				boots[j], err = medians(guest)
			}
			if err != nil {
				return nil, fmt.Errorf("round %d, %s kernel: %w", i+1, a.Label, err)
			}
		}
		for name, before := range boots[0] {
			r := paired.Round{Before: before, Candidate: boots[1][name], After: boots[2][name]}
			measured[name] = append(measured[name], r)
		}
	}
	return measured, nil
}

// medians is each benchmark's median; a guest that died or measured nothing is
// an error, for its figures would not be comparable.
func medians(k verdict.Guest) (map[string]float64, error) {
	if k.Died != "" {
		return nil, fmt.Errorf("the guest ended early: %s", k.Died)
	}
	out := map[string]float64{}
	for _, e := range k.Events {
		switch {
		case e.Bench != nil && len(e.Bench.Micros) > 0:
			out[e.Bench.Name] = paired.Median(slices.Clone(e.Bench.Micros))
		case e.Done != nil && e.Done.Error != "":
			return nil, fmt.Errorf("the guest could not carry out its plan: %s", e.Done.Error)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the guest measured nothing; see %s", k.Console)
	}
	return out, nil
}
