// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"slices"
	"time"

	"mdlife/kernel"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// Openers of a race: enough for 100,000 opens in 10 s on two busy cores. Races of a running
// array have fewer, because it cannot be stopped while one of them has it open.
const (
	openers        = 6
	openersRunning = 2
)

// The mdadm loop: as many cycles as R23 was measured with at first, and how long after a
// stop it looks for the device a second time.
const (
	mdadmCycles      = 40
	mdadmCyclesQuick = 6
	mdadmSettle      = 300 * time.Millisecond
)

// phases are the races of a comparison. Each gets its weight's share of the
// racing time.
var phases = []struct {
	weight int
	spec   event.RaceSpec
}{
	{5, event.RaceSpec{Name: "ioctl", Stop: event.StopIoctl}},
	{2, event.RaceSpec{Name: "ioctl-raid1", Stop: event.StopIoctl, Members: 2}},
	{1, event.RaceSpec{Name: "sysfs", Stop: event.StopSysfs}},
	{1, event.RaceSpec{Name: "sysfs-raid1", Stop: event.StopSysfs, Members: 2}},
	{1, event.RaceSpec{Name: "named", Stop: event.StopNamed}},
}

// fullMinimum is what the patched kernel of a base must reach in a full race.
func fullMinimum(b kernel.Base) verdict.Minimum {
	return verdict.Minimum{Opens: b.RaceOpens, Cycles: b.RaceCycles}
}

// firstRaceShare is the first race's share of the opens and stop cycles that all races of
// the patched kernel must reach together: it goes on for longer until it has reached it. On
// a busy machine the other races add as little as this leaves to them.
const firstRaceShare = 0.95

// The minimum of every other race: one without a stop has raced nothing.
const fewOpens, fewCycles = 100, 2

// races divides the racing time over the phases.
func races(total time.Duration) []event.RaceSpec {
	sum := 0
	for _, p := range phases {
		sum += p.weight
	}
	var specs []event.RaceSpec
	for _, p := range phases {
		spec := p.spec
		spec.Openers = openers
		if spec.Members > 0 {
			spec.Openers = openersRunning
		}
		spec.Millis = int(total.Milliseconds()) * p.weight / sum
		specs = append(specs, spec)
	}
	return specs
}

// plans returns the two guests' plans. They hold the same parts in opposite order,
// so that each kernel's races share the machine with the other's checks, which
// mostly wait, and neither kernel has the quieter machine. The checks come last
// on the unpatched kernel, which may not survive what they find.
func (o Options) plans() (unpatched, patched event.Plan) {
	cycles := mdadmCycles
	if o.Quick {
		cycles = mdadmCyclesQuick
	}
	plan := event.Plan{
		Seed:   o.Seed,
		Checks: !o.Quick,
		Races:  races(o.race()),
		Mdadm:  &event.MdadmSpec{Cycles: cycles, SettleMillis: int(mdadmSettle.Milliseconds())},
	}
	if !o.Quick {
		plan.Windows = []string{event.AllWindows}
	}
	if o.Long {
		plan.Only = []string{event.AllChecks, event.LongRestarts}
	}
	unpatched, patched = plan, plan
	patched.Reverse = true
	patched.Races = slices.Clone(plan.Races)
	for i := range patched.Races {
		patched.Races[i].MinOpens, patched.Races[i].MinCycles = fewOpens, fewCycles
	}
	least := fullMinimum(o.Base).Share(o.race())
	patched.Races[0].MinOpens = int(firstRaceShare * float64(least.Opens))
	patched.Races[0].MinCycles = int(firstRaceShare * float64(least.Cycles))
	return unpatched, patched
}

// Limits after which a guest counts as hanging.
const (
	silence      = 30 * time.Second // without any event; the guest sends one a second
	bootAllow    = 60 * time.Second
	checksAllow  = 120 * time.Second
	windowsAllow = 60 * time.Second
	casesAllow   = 25 * time.Minute
	powerAllow   = 3 * time.Minute // of one turn
	perMdadm     = 5 * time.Second
	perClient    = 10 * time.Second // for a cycle of all that mdadm does; then the loop ends early
	clientAllow  = 3 * time.Minute  // for the cycle that it is in then
	perRaceExtra = 20 * time.Second // to settle, count leaks
	perSoakExtra = 60 * time.Second // for the races that still run, and to settle
)

// ClientPlan is a plan of a loop of all that mdadm does.
func ClientPlan(seed uint64, cycles int) event.Plan {
	limit := time.Duration(cycles) * perClient
	return event.Plan{Seed: seed, Client: &event.ClientSpec{
		Cycles: cycles, LimitSeconds: int(limit.Seconds()), SettleMillis: int(mdadmSettle.Milliseconds()),
	}}
}

// RacePlan is a plan of one race.
func RacePlan(seed uint64, spec event.RaceSpec) event.Plan {
	return event.Plan{Seed: seed, Races: []event.RaceSpec{spec}}
}

// BenchPlan is a plan of benchmarks.
func BenchPlan(spec event.BenchSpec) event.Plan { return event.Plan{Bench: &spec} }

// slowed returns the plan for a kernel that is slow times slower than a plain one.
func slowed(plan event.Plan, slow int) event.Plan {
	if plan.Client != nil {
		c := *plan.Client
		c.LimitSeconds *= slow
		plan.Client = &c
	}
	return plan
}

// timeout bounds a guest that carries out a plan on a kernel that is slow times slower than
// a plain one.
func timeout(plan event.Plan, slow int) time.Duration {
	d := bootAllow
	if plan.Checks {
		d += checksAllow
	}
	if len(plan.Windows) > 0 {
		d += windowsAllow
	}
	for _, r := range plan.Races {
		d += event.RaceStretch*time.Duration(r.Millis)*time.Millisecond + perRaceExtra
	}
	if plan.Mdadm != nil {
		d += time.Duration(plan.Mdadm.Cycles) * perMdadm
	}
	if len(plan.Cells) > 0 {
		d += casesAllow * time.Duration(max(plan.Repeat, 1))
	}
	if plan.Client != nil {
		d += time.Duration(plan.Client.Cycles)*perClient + clientAllow
	}
	if plan.Soak != nil {
		d += time.Duration(plan.Soak.Seconds)*time.Second + perSoakExtra
	}
	if plan.Power != nil {
		d += powerAllow
	}
	if plan.Bench != nil {
		d += time.Duration(plan.Bench.Rounds) * time.Second
	}
	return d * time.Duration(slow)
}
