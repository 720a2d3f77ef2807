// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"mdlife/benchmarks/paired"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/vm"
)

// How many samples a guest takes of each in one boot, and how much longer it may take.
const (
	parityRounds = 3
	paritySlow   = 12
)

// MD is how fast arrays of RAID-5 and RAID-6 are in guests.
type MD struct {
	Accel string   `json:"accel"`
	Notes []string `json:"notes"`
	Cells []MDCell `json:"cells"`

	// Algorithms are what each kernel said about its choice of them, by its label.
	Algorithms map[string][]string `json:"algorithms"`
}

// MDCell is one kind of work on one array. Time and CPU are in microseconds per unit.
type MDCell struct {
	Name string        `json:"name"`
	Unit string        `json:"unit"`
	Time paired.Result `json:"time"`
	CPU  paired.Result `json:"cpu"`
}

// Speed turns a time into IOPS or MB/s, with its unit.
func (c MDCell) Speed(us float64) (float64, string) {
	if c.Unit == event.PerWrite {
		return 1e6 / us, "IOPS"
	}
	return float64(c.bytes()) / us, "MB/s"
}

// PerGB turns CPU time per unit into seconds per GB.
func (c MDCell) PerGB(us float64) float64 { return us * 1e3 / float64(c.bytes()) }

func (c MDCell) bytes() int {
	if c.Unit == event.PerWrite {
		return 4 << 10
	}
	return 1 << 20
}

// Met tells whether the patched kernel takes no more time than the unpatched one.
func (c MDCell) Met() bool { return !c.Time.Void && (c.Time.WithinNoise || c.Time.Ratio.Median < 1) }

// What there is to know about the figures, by accelerator.
const (
	noteTCG = "QEMU's emulation has neither AVX-512 nor GFNI: AVX2 and below run here, and nothing of the GFNI code does."
	noteIns = "The clock counts instructions, 2 ns each, on one CPU: ratios are of instructions executed, not of an actual CPU's time, " +
		"and what caches do, so what write-back stores gain, does not show."
	noteWall = "The clock is the wall's: other work on this machine shows."
	noteFio  = "The guest's own writers do the work, four at once, past the page cache; Debian's fio would bring 86 MB of libraries into each guest."
	noteBoot = "Guests do not measure the algorithms at boot (RAID6_PQ_BENCHMARK=n), but take the one that the kernel prefers."
)

// Parity compares arrays of RAID-5 and RAID-6 whose members are in memory. With KVM the
// clock is the wall's; without, it counts instructions ([vm.Counted]), unless o.Accel
// asks for TCG.
func Parity(ctx context.Context, o vmtests.Options, rounds int) (MD, error) {
	all, err := o.Build(ctx)
	if err != nil {
		return MD{}, err
	}
	accel, err := o.DecideAccel(ctx, all.Unpatched, all.Image)
	if err != nil {
		return MD{}, err
	}
	if accel == vm.TCG && o.Accel.Wish() == "" {
		accel = vm.Counted
		o.Accel = vm.Fixed(accel)
	}
	all.Unpatched.Slow, all.Patched.Slow = paritySlow, paritySlow
	m := MD{Accel: string(accel), Notes: notes(accel), Algorithms: map[string][]string{}}
	measured, units := map[string][]paired.Round{}, map[string]string{}
	for i := range rounds {
		var boots [3]map[string]float64
		for j, a := range []vmtests.Artefact{all.Unpatched, all.Patched, all.Unpatched} {
			k, err := o.RunGuest(ctx, a, all.Image, vmtests.BenchPlan(event.BenchSpec{Rounds: parityRounds, Parity: true}))
			if err == nil {
				boots[j], err = medians(k)
			}
			if err != nil {
				return MD{}, fmt.Errorf("round %d, %s kernel: %w", i+1, a.Label, err)
			}
			for _, e := range k.Events {
				if e.Bench != nil {
					units[e.Bench.Name] = e.Bench.PerUnit
				}
			}
			console, err := os.ReadFile(k.Console)
			if err != nil {
				return MD{}, err
			}
			m.Algorithms[a.Label] = algorithms(string(console))
		}
		for name, before := range boots[0] {
			measured[name] = append(measured[name], paired.Round{Before: before, Candidate: boots[1][name], After: boots[2][name]})
		}
	}
	m.Cells, err = cells(measured, units)
	return m, err
}

// notes are what to know about figures by an accelerator.
func notes(a vm.Accel) []string {
	switch a {
	case vm.KVM:
		return []string{noteWall, noteFio, noteBoot}
	case vm.Counted:
		return []string{noteTCG, noteIns, noteFio, noteBoot}
	}
	return []string{noteTCG, noteWall, noteFio, noteBoot}
}

// cells puts times and CPU times together, in the order of their names.
func cells(measured map[string][]paired.Round, units map[string]string) (all []MDCell, err error) {
	for _, name := range slices.Sorted(maps.Keys(measured)) {
		if strings.HasSuffix(name, event.BenchCPU) {
			continue
		}
		c := MDCell{Name: name, Unit: units[name]}
		if c.Time, err = paired.Compare(measured[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if c.CPU, err = paired.Compare(measured[name+event.BenchCPU]); err != nil {
			return nil, fmt.Errorf("%s%s: %w", name, event.BenchCPU, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// chosen is what a kernel says about the algorithms that it has chosen. Mainline has
// other words.
var chosen = regexp.MustCompile(`(?m)\b((?:raid6|xor): .*(?:using|selected|algorithm).*?)\r?$`)

// algorithms finds that in a console.
func algorithms(console string) (lines []string) {
	for _, m := range chosen.FindAllStringSubmatch(console, -1) {
		lines = append(lines, strings.Join(strings.Fields(m[1]), " "))
	}
	return lines
}
