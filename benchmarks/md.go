// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"mdlife/benchmarks/paired"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
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

// Met reports whether the patched kernel takes no more time than the unpatched one.
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
	all, err := o.Build(ctx, event.Plan{})
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
	units := map[string]string{}
	spec := event.BenchSpec{Rounds: parityRounds, Parity: true}
	measured, err := abaRounds(all, rounds, func(a vmtests.Artefact) (verdict.Guest, error) {
		guest, err := o.RunGuest(ctx, a, all.Image, vmtests.BenchPlan(spec))
		if err == nil {
			err = m.note(guest, units)
		}
		return guest, err
	})
	if err != nil {
		return MD{}, err
	}
	m.Cells, err = cells(measured, units)
	return m, err
}

// note keeps what a guest's kernel said of its algorithms, and the unit of each of its
// benchmarks.
func (m *MD) note(guest verdict.Guest, units map[string]string) error {
	for _, e := range guest.Events {
		if e.Bench != nil {
			units[e.Bench.Name] = e.Bench.PerUnit
		}
	}
	console, err := os.ReadFile(guest.Console)
	if err != nil {
		return err
	}
	m.Algorithms[guest.Label] = algorithms(string(console))
	return nil
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

// algorithms returns what a kernel says on its console about the algorithms that it has
// chosen. Mainline has other words.
func algorithms(console string) (lines []string) {
	for _, line := range vmtests.ParityLines(console) {
		if slices.ContainsFunc([]string{"using", "selected", "algorithm"}, func(word string) bool { return strings.Contains(line, word) }) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return lines
}
