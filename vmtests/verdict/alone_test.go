// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"slices"
	"strings"
	"testing"

	"mdlife/vmtests/event"
)

// everything is a patched kernel whose guest ran every part that there is, and kept all.
func everything() Guest {
	g := guest("patched", 600, map[string]int64{"ok": 90000}, 0)
	g.Plan.Cells = []string{event.AllCells}
	client := event.ClientSpec{Cycles: 2, SettleMillis: 300}
	g.Plan.Client, g.Plan.Soak = &client, &event.SoakSpec{Devices: 1, Seconds: 1}
	g.Events = append(g.Events,
		event.Event{Cell: &event.Cell{Name: "raid5/life-1.2", Personality: "raid5", OK: true, Opens: map[string]int{"ok": 10}}},
		event.Event{Cell: &event.Cell{Name: "faulty/life-1.2", Personality: "faulty", Skipped: "gone since 6.8"}},
		event.Event{Client: &event.Client{Spec: client, Cycles: 2, Stops: 5, Settled: 2, Reads: 10, Done: map[string]int{"create": 2},
			Failed: map[string]int{}, Errors: map[string]int{}}},
		event.Event{Soak: &event.Soak{}})
	return g
}

// part returns a part of a guest's events, to be broken.
func part[T any](g *Guest, of func(event.Event) *T) *T {
	for _, e := range g.Events {
		if p := of(e); p != nil {
			return p
		}
	}
	panic("the guest has no such part")
}

func mdadmOf(g *Guest) *event.Mdadm {
	return part(g, func(e event.Event) *event.Mdadm { return e.Mdadm })
}

func clientOf(g *Guest) *event.Client {
	return part(g, func(e event.Event) *event.Client { return e.Client })
}

func caseOf(g *Guest) *event.Cell {
	return part(g, func(e event.Event) *event.Cell { return e.Cell })
}

func soakOf(g *Guest) *event.Soak {
	return part(g, func(e event.Event) *event.Soak { return e.Soak })
}

func raceOfGuest(g *Guest) *event.Race {
	return part(g, func(e event.Event) *event.Race { return e.Race })
}

// TestEveryRuleForOneKernelCanFail breaks one thing at a time and expects exactly that rule
// to be broken, with a detail that names the thing; and every kind of result to be broken
// once.
func TestEveryRuleForOneKernelCanFail(t *testing.T) {
	seen := newKindsSeen(t, single, Alone(everything()))
	for _, tc := range []struct {
		rule, detail string
		mutate       func(*Guest)
	}{
		{"complete", "ended early: panic", func(g *Guest) { g.Died = "panic" }},
		{"complete", "the soak was not reported", func(g *Guest) { drop(g, func(e event.Event) bool { return e.Soak != nil }) }},
		{"complete", "no test case of the personalities", func(g *Guest) { drop(g, func(e event.Event) bool { return e.Cell != nil }) }},
		{"complete", "the client's loop did 1 of 2 cycles", func(g *Guest) { clientOf(g).Cycles = 1 }},
		{"complete", "the client's loop was not reported", func(g *Guest) { drop(g, func(e event.Event) bool { return e.Client != nil }) }},
		{"complete", "no check was reported", func(g *Guest) { drop(g, func(e event.Event) bool { return e.Check != nil }) }},
		{"complete", "no forced window", func(g *Guest) { drop(g, func(e event.Event) bool { return e.Window != nil }) }},
		{"race-ioctl", "open-ro failed with ENXIO 1 times", func(g *Guest) { raceOfGuest(g).Calls[event.CallOpenRO]["ENXIO"] = 1 }},
		{"dmesg", "KASAN: use-after-free", func(g *Guest) { g.Findings = []Finding{{Kind: "KASAN", Title: "use-after-free in md_open"}} }},
		{"R1-gone", "still there", func(g *Guest) { c := g.Events[2].Check; c.OK, c.Detail = false, "still there" }},
		{"window-W1", "ENXIO", func(g *Guest) { *g.window("W1") = *windowOf("W1", "ENXIO", false) }},
		{"array-raid5/life-1.2", "block 7 is torn", func(g *Guest) { c := caseOf(g); c.OK, c.Detail = false, "block 7 is torn" }},
		{"array-raid5/life-1.2", "opens failed: 2 ENODEV", func(g *Guest) { caseOf(g).Opens["ENODEV"] = 2 }},
		{"gone-ioctl", "/sys/block/md77", func(g *Guest) { raceOfGuest(g).Left = []string{"/sys/block/md77"} }},
		{"leaks-ioctl", "kmalloc-1k +12", func(g *Guest) { raceOfGuest(g).Leaks = []string{"kmalloc-1k +12"} }},
		{"mdadm-settled", "3 of 40 cycles", func(g *Guest) { mdadmOf(g).ThereSettled = 3 }},
		{"mdadm-settled", "6 of 40 cycles", func(g *Guest) { m := mdadmOf(g); m.Spec.ByNumber, m.ThereSettled = true, 6 }},
		{"mdadm-reads", "0 times", func(g *Guest) { mdadmOf(g).Reads = 0 }},
		{"mdadm-left", "md0", func(g *Guest) { mdadmOf(g).LeftAtEnd = []string{"md0"} }},
		{"mdadm-left", "md0, md1", func(g *Guest) { m := mdadmOf(g); m.Spec.ByNumber, m.LeftAtEnd = true, []string{"md0", "md1"} }},
		{"mdadm-failed", "to create 1 times, to stop 0", func(g *Guest) { mdadmOf(g).CreateFailed = 1 }},
		{"mdadm-failed", "to create 0 times, to stop 2", func(g *Guest) { mdadmOf(g).StopFailed = 2 }},
		{"mdadm-adds", "51 ADD events in 40 cycles", func(g *Guest) { mdadmOf(g).Uevents = map[string]int64{"add": 51} }},
		{"client-failed", "mdadm: busy", func(g *Guest) {
			c := clientOf(g)
			c.Failed["create"], c.Errors["mdadm: busy"] = 1, 1
		}},
		{"client-settled", "1 of 2", func(g *Guest) { clientOf(g).ThereSettled = 1 }},
		{"client-settled", "0 of 0", func(g *Guest) { clientOf(g).Settled = 0 }},
		{"client-left", "md50", func(g *Guest) { clientOf(g).LeftAtEnd = []string{"md50"} }},
		{"client-reads", "0 times", func(g *Guest) { clientOf(g).Reads = 0 }},
		{"soak-gone", "/sys/block/md3", func(g *Guest) { soakOf(g).Left = []string{"/sys/block/md3"} }},
		{"soak-leaks", "bdev_cache +3", func(g *Guest) { soakOf(g).Leaks = []string{"bdev_cache +3"} }},
	} {
		t.Run(tc.rule+"/"+tc.detail, func(t *testing.T) {
			g := everything()
			tc.mutate(&g)
			expectBroken(t, seen, Alone(g), tc.rule, tc.detail)
		})
	}
	seen.all()
}

// TestAloneButOpens: opens beside a test case may fail there, and nothing else.
func TestAloneButOpens(t *testing.T) {
	g := everything()
	caseOf(&g).Opens["ENODEV"] = 2
	if bad := Broken(AloneButOpens(g)); len(bad) > 0 || len(Broken(Alone(g))) != 1 {
		t.Errorf("opens failed: %+v; %+v of a kernel that must keep them", bad, Broken(Alone(g)))
	}
	c := caseOf(&g)
	c.OK, c.Detail = false, "block 7 is torn"
	if bad := Broken(AloneButOpens(g)); len(bad) != 1 || !strings.HasPrefix(bad[0].Detail, "block 7 is torn (10 opens") {
		t.Errorf("the test case failed: %+v", bad)
	}
}

// expectBroken expects just one rule to be broken.
func expectBroken(t *testing.T, seen *kindsSeen, results []Result, rule, detail string) {
	t.Helper()
	var broken []string
	for _, r := range Broken(results) {
		broken = append(broken, r.Name)
		seen.failed(r)
		if r.Name == rule && !strings.Contains(r.Detail, detail) {
			t.Errorf("%s says %q, not %q", rule, r.Detail, detail)
		}
	}
	if !slices.Equal(broken, []string{rule}) {
		t.Errorf("broken rules %q, want only %q", broken, rule)
	}
}

// TestEveryRuleOfForcedWindowsCanFail: the unpatched kernel must fail in each window as it
// is known to, and its guest must come through.
func TestEveryRuleOfForcedWindowsCanFail(t *testing.T) {
	forced := func() Guest {
		g := guest("unpatched", 100, map[string]int64{"ok": 1}, 0)
		g.Unpatched = true
		g.Plan = event.Plan{Windows: []string{event.AllWindows}}
		return g
	}
	seen := newKindsSeen(t, knownBugs, ForcedWindows(forced()))
	for _, tc := range []struct {
		rule, detail string
		mutate       func(*Guest)
	}{
		{"complete", "panic", func(g *Guest) { g.Died = "panic" }},
		{"dmesg", "oops", func(g *Guest) { g.Findings = []Finding{{Kind: "oops", Title: "in md_open"}} }},
		{"window-W1", "holds", func(g *Guest) { *g.window("W1") = *windowOf("W1", "ENXIO", true) }},
		{"window-W9", "EINTR", func(g *Guest) {
			*g.window("W9") = *windowOf("W9", "EINTR", false)
			g.window("W9").Fails = ""
		}},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			g := forced()
			tc.mutate(&g)
			expectBroken(t, seen, ForcedWindows(g), tc.rule, tc.detail)
		})
	}
	seen.all()
	if bad := Broken(ForcedWindows(everything())); len(bad) > 0 {
		t.Errorf("a patched kernel that holds: %+v", bad)
	}
}

// TestByNumber: a reader by number may make a device in peace.
func TestByNumber(t *testing.T) {
	g := everything()
	m := mdadmOf(&g)
	m.Spec.ByNumber, m.ThereSettled, m.LeftAtEnd = true, 5, []string{"md0"}
	if bad := Broken(Alone(g)); len(bad) > 0 {
		t.Errorf("%+v", bad)
	}
}

// TestBothSidesOfAComparisonAlone: the unpatched kernel of a comparison fails by itself, the
// patched one does not.
func TestBothSidesOfAComparisonAlone(t *testing.T) {
	rep := Judge(passing())
	if len(Broken(rep.UnpatchedAlone())) == 0 {
		t.Error("the unpatched kernel breaks no rule")
	}
	if bad := Broken(rep.PatchedAlone()); len(bad) > 0 {
		t.Errorf("%+v", bad)
	}
}
