// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// mdadmLoop: R23 with Debian's mdadm and udev. No device may stay. How often the device is
// there right after --stop is shown, and no rule: it says more about the load on the
// machine at that time than about the kernel.
func mdadmLoop(rep *Report) []Result {
	u, p := rep.Unpatched.Mdadm, rep.Patched.Mdadm
	if u == nil || p == nil {
		return nil // the rule complete reports it where one was planned
	}
	compare := func(name, what string, n func(*event.Mdadm) int) Result {
		return Result{Name: name, Requirement: "R23", OK: n(p)*u.Cycles <= n(u)*p.Cycles,
			Detail: fmt.Sprintf("%d of %d cycles %s; unpatched %d of %d", n(p), p.Cycles, what, n(u), u.Cycles)}
	}
	return []Result{
		compare("mdadm-settled", fmt.Sprintf("had their device %d ms after mdadm --stop", p.Spec.SettleMillis),
			func(m *event.Mdadm) int { return m.ThereSettled }),
		{Name: "mdadm-left", Requirement: "R23", OK: len(p.LeftAtEnd) == 0,
			Detail: cmp.Or(strings.Join(p.LeftAtEnd, ", "), noneLeft)},
		compare("mdadm-create", "could not create the array", func(m *event.Mdadm) int { return m.CreateFailed }),
		compare("mdadm-stop", "could not stop the array", func(m *event.Mdadm) int { return m.StopFailed }),
	}
}

const noneLeft = "no device left once the reader had gone"

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

// mdadmAlone: nothing comes back to stay, nothing fails, and udev is told of each array
// once, give or take the odd reader.
func mdadmAlone(rep *Report) []Result {
	m := rep.Patched.Mdadm
	if m == nil {
		return nil
	}
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
			Detail: cmp.Or(strings.Join(m.LeftAtEnd, ", "), noneLeft)},
		{Name: "mdadm-failed", Requirement: "R23", OK: m.CreateFailed == 0 && m.StopFailed == 0,
			Detail: fmt.Sprintf("mdadm failed to create %d times, to stop %d times", m.CreateFailed, m.StopFailed)},
		{Name: "mdadm-adds", Requirement: "R4", OK: adds*4 <= int64(m.Cycles)*5,
			Detail: fmt.Sprintf("%d ADD events in %d cycles", adds, m.Cycles)},
	}
}

// clientLoop: nothing that mdadm does fails, and no device stays after a stop.
func clientLoop(rep *Report) []Result {
	c := rep.Patched.Client
	if c == nil {
		return nil
	}
	return []Result{
		{Name: "client-failed", Requirement: "R23", OK: len(c.Failed) == 0,
			Detail: cmp.Or(strings.Join(ClientErrors(c), "; "), "nothing failed")},
		{Name: "client-settled", Requirement: "R23", OK: c.ThereSettled == 0 && c.Settled > 0,
			Detail: fmt.Sprintf("%d of %d devices were there %d ms after a stop", c.ThereSettled, c.Settled, c.Spec.SettleMillis)},
		{Name: "client-left", Requirement: "R23", OK: len(c.LeftAtEnd) == 0,
			Detail: cmp.Or(strings.Join(c.LeftAtEnd, ", "), noneLeft)},
		{Name: "client-reads", OK: c.Reads > 0, Detail: fmt.Sprintf("the stray reader has opened a device %d times", c.Reads)},
	}
}

// ClientErrors lists what went wrong in the client's loop: of many errors the first few.
func ClientErrors(c *event.Client) []string {
	const most = 5
	all := slices.Sorted(maps.Keys(c.Errors))
	if len(all) > most {
		all = append(all[:most], fmt.Sprintf("and %d more", len(all)-most))
	}
	return all
}
