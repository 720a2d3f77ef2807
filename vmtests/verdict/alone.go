// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"strings"

	"mdlife/vmtests/event"
)

// Alone judges one kernel by itself, as one that is to keep every requirement:
// by the rules of [Judge] that need no other kernel to compare with.
func Alone(k Kernel) []Result { return alone(summarize(k)) }

// UnpatchedAlone and PatchedAlone judge the kernels of a comparison so.
func (rep *Report) UnpatchedAlone() []Result { return alone(rep.Unpatched) }
func (rep *Report) PatchedAlone() []Result   { return alone(rep.Patched) }

func alone(k KernelPart) []Result {
	rep := &Report{Patched: k}
	p := &rep.Patched
	lacks := lacking(p)
	results := []Result{{Name: "complete", OK: len(lacks) == 0,
		Detail: orElse(strings.Join(lacks, "; "), "every planned part was reported"), Seconds: k.Wall}}
	for _, rule := range []func(*Report) []Result{noRefusal, cleanConsole, checks, windowsAlone, cells, nothingLeft, noLeaks} {
		results = append(results, rule(rep)...)
	}
	if p.Mdadm != nil {
		results = append(results, mdadmAlone(p.Mdadm)...)
	}
	results = append(results, clientLoop(p.Client)...)
	return append(results, soakEnd(p)...)
}

// onTheWayOut is the share of an mdadm loop's cycles, one in so many, after which
// the device may be seen in the middle of going: on a busy machine a removal can
// take as long as the loop waits. One that stays shows at the end.
const onTheWayOut = 20

// A reader by number that sees a device, and opens it when that has gone, makes
// one in peace, which stays until an ioctl (R3). So many may be there, as a share
// and at the end; on unpatched kernels it is one in two or three, and most arrays.
const (
	madeInPeace = 8
	leftInPeace = 1
)

// mdadmAlone judges an mdadm loop: nothing comes back to stay, nothing fails,
// and udev is told of each array once, give or take the odd reader.
func mdadmAlone(m *event.Mdadm) []Result {
	adds := m.Uevents["add"]
	share, left := onTheWayOut, 0
	if m.Spec.ByNumber {
		share, left = madeInPeace, leftInPeace
	}
	return []Result{
		{Name: "mdadm-settled", Requirement: "R23", OK: m.ThereSettled*share <= m.Cycles,
			Detail: fmt.Sprintf("%d of %d cycles had their device %d ms after mdadm --stop", m.ThereSettled, m.Cycles, m.Spec.SettleMillis)},
		{Name: "mdadm-reads", OK: m.Reads > 0, Detail: fmt.Sprintf("the stray reader has opened a device %d times", m.Reads)},
		{Name: "mdadm-left", Requirement: "R23", OK: len(m.LeftAtEnd) <= left,
			Detail: orElse(strings.Join(m.LeftAtEnd, ", "), "no device left once the reader had gone")},
		{Name: "mdadm-failed", Requirement: "R23", OK: m.CreateFailed == 0 && m.StopFailed == 0,
			Detail: fmt.Sprintf("mdadm failed to create %d times, to stop %d times", m.CreateFailed, m.StopFailed)},
		{Name: "mdadm-adds", Requirement: "R4", OK: adds*4 <= int64(m.Cycles)*5,
			Detail: fmt.Sprintf("%d ADD events in %d cycles", adds, m.Cycles)},
	}
}

// Together makes one result of many: kept if all of them are.
func Together(name, requirement string, all []Result) Result {
	var bad []string
	for _, r := range all {
		if !r.OK {
			bad = append(bad, r.Name+": "+r.Detail)
		}
	}
	return Result{Name: name, Requirement: requirement, OK: len(bad) == 0,
		Detail: orElse(strings.Join(bad, "; "), fmt.Sprintf("all %d tests", len(all)))}
}
