// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
)

// What the rules of fairness allow for noise, and ask for.
const (
	stopDelay   = 5.0 // the median stop's time, against the unpatched kernel: it had another neighbour
	openCycles  = 3.0 // the 99th percentile of an open, in stop cycles
	fewestStops = 20  // under which a median says nothing
)

// fair: openers that never stop do not keep stops from getting their turn, and
// stops not opens. It looks at the races of arrays without members: where one has
// members, a stop fails while it is open (R18).
func fair(rep *Report) []Result {
	var rs []Result
	for _, p := range rep.Patched.Races {
		u := FindRace(rep.Unpatched.Races, p.Spec)
		if u == nil || p.Spec.Stop != event.StopIoctl || p.Spec.Members > 0 || min(u.Cycles, p.Cycles) < fewestStops {
			continue
		}
		cycle := p.Seconds / float64(p.Cycles) * 1e6
		rs = append(rs,
			Result{Name: "stop-delay-" + p.Spec.Name, Requirement: "R22", OK: p.Stop.P50 <= stopDelay*u.Stop.P50,
				Detail: fmt.Sprintf("the median stop takes %s beside the openers; unpatched %s", figures.Micros(p.Stop.P50), figures.Micros(u.Stop.P50))},
			Result{Name: "stop-rate-" + p.Spec.Name, Requirement: "R22", OK: rate(p) >= rate(*u),
				Detail: fmt.Sprintf("%.0f stop cycles a second beside the openers; unpatched %.0f", rate(p), rate(*u))},
			Result{Name: "open-latency-" + p.Spec.Name, Requirement: "R6", OK: p.Open.P99 <= openCycles*cycle,
				Detail: fmt.Sprintf("99%% of the opens take up to %s; a stop cycle takes %s", figures.Micros(p.Open.P99), figures.Micros(cycle))})
	}
	return rs
}

// rate is how many stop cycles a second of a race had.
func rate(r event.Race) float64 { return float64(r.Cycles) / r.Seconds }
