// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"maps"
	"slices"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
	"mdlife/vmtests/hist"
	"mdlife/vmtests/requirement"
)

// Sum sums races.
func Sum(races []event.Race) Total {
	t := Total{OpenFails: map[string]int64{}}
	var open, stop, gone []event.Latency
	for _, r := range races {
		tried, fails := Opens(r)
		t.Opens += tried
		for errno, n := range fails {
			t.OpenFails[errno] += n
		}
		refused := refusedOpens(r)
		t.Refused += refused
		t.Judged += okOpens(r) + refused
		t.Cycles += r.Cycles
		t.Seconds += r.Seconds
		open, stop, gone = append(open, r.Open), append(stop, r.Stop), append(gone, r.Gone)
	}
	t.Open, t.Stop, t.Gone = hist.Merge(open), hist.Merge(stop), hist.Merge(gone)
	return t
}

// IsOpen reports whether a key of [event.Race].Calls counts opens that R7 binds.
func IsOpen(call string) bool { return slices.Contains(event.OpenCalls(), call) }

// Opens counts the opens that a race tried, and those that failed by errno.
func Opens(r event.Race) (tried int64, fails map[string]int64) {
	fails = map[string]int64{}
	for call, outcomes := range r.Calls {
		if !IsOpen(call) {
			continue
		}
		for outcome, n := range outcomes {
			tried += n
			if outcome != event.OK {
				fails[outcome] += n
			}
		}
	}
	return tried, fails
}

// okOpens counts the opens of a race that succeeded.
func okOpens(r event.Race) (n int64) {
	for _, call := range event.OpenCalls() {
		n += r.Calls[call][event.OK]
	}
	return n
}

// refusedOpens counts the opens of a race that failed in a way that R7 forbids.
func refusedOpens(r event.Race) (n int64) {
	for _, f := range refused(r) {
		if IsOpen(f.call) {
			n += f.count
		}
	}
	return n
}

// failure is one kind of failure of one kind of call.
type failure struct {
	call, errno string
	count       int64
}

func (f failure) String() string {
	return fmt.Sprintf("%s failed with %s %s times", f.call, f.errno, figures.Count(f.count))
}

// refused lists the failures of a race that R7 does not allow, in a fixed order.
func refused(r event.Race) []failure {
	var fs []failure
	for _, call := range slices.Sorted(maps.Keys(r.Calls)) {
		for _, errno := range slices.Sorted(maps.Keys(r.Calls[call])) {
			n := r.Calls[call][errno]
			if n > 0 && !requirement.Allowed(r.Spec, call, errno) {
				fs = append(fs, failure{call, errno, n})
			}
		}
	}
	return fs
}
