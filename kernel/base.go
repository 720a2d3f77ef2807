// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"fmt"
	"slices"
	"strings"

	"mdlife/internal/usage"
	"mdlife/kernel/source"
)

// Base is a kernel source that patches can be based on.
type Base struct {
	// Origin is its name, which is the directory below patches/ as well, and where
	// its source comes from.
	source.Origin
	// Fragment is the configuration fragment, in config/, for what this base
	// has and others lack; "" is none.
	Fragment string
	// Userspace is the release of Debian that the kernel belongs to: guests have its mdadm
	// and systemd-udevd, unless they are told otherwise.
	Userspace string
	// LoopUserspace takes its place in loops of mdadm under a stray reader, where an older
	// mdadm shows more: since 4.5 it does not let devices be made by an open, and the
	// unpatched kernel does well, too (docs/bases.md); "": it is no older one.
	LoopUserspace string
	// Since is the first version, as in 6.7, of the trees that are best compared
	// with this base. The table of bases rises in it.
	Since [2]int
	// SyncRemoval says that it has two ways to remove an array's device.
	SyncRemoval bool
	// KUnitRAID6 says that it has KUnit tests of its RAID-6 code.
	KUnitRAID6 bool
	// RaceOpens and RaceCycles are how many racing opens and stop cycles the patched
	// kernel must reach in a comparison's full race.
	RaceOpens, RaceCycles int64
}

// From 6.12 on a stop cycle takes about ten times as long as on 6.1, with and without the
// series: the unpatched kernels come to some 40 cycles in a full race.
const slowRaceOpens, slowRaceCycles = 40_000, 80

// bases is the table of known bases; the first is the default.
var bases = []Base{
	{
		Origin: source.Origin{
			Name:    "6.1",
			Package: "linux-source-6.1",
			Suites:  []string{"bookworm", "bookworm-updates", "bookworm-security"},
		},
		Fragment:  "6.1",
		Userspace: "bookworm",

		RaceOpens: 100_000, RaceCycles: 1_000,
	},
	{
		Origin: source.Origin{
			Name:    "6.12",
			Package: "linux-source-6.12",
			Suites:  []string{"trixie", "trixie-updates", "trixie-security"},
		},
		Fragment:  "6.12",
		Userspace: "trixie",
		Since:     [2]int{6, 7}, // MD_CLOSING outlasts the stop; multipath and faulty have gone

		RaceOpens: slowRaceOpens, RaceCycles: slowRaceCycles,
	},
	{
		Origin: source.Origin{
			Name:    "mainline",
			Package: "linux-source-*",
			Suites:  []string{"sid"},
			Moving:  true,
		},
		Fragment:      "mainline",
		Userspace:     "sid",
		LoopUserspace: "bookworm",
		Since:         [2]int{6, 17}, // the stop may delete the disk
		SyncRemoval:   true,
		KUnitRAID6:    true,

		RaceOpens: slowRaceOpens, RaceCycles: slowRaceCycles,
	},
}

// Bases returns the known bases, the default one first.
func Bases() []Base { return append([]Base(nil), bases...) }

// FindBase returns the base called name. Its error is a [usage.Err] that lists
// the known ones.
func FindBase(name string) (Base, error) {
	var names []string
	for _, b := range bases {
		if b.Name == name {
			return b, nil
		}
		names = append(names, b.Name)
	}
	return Base{}, usage.Errorf("no base %q; known bases: %s", name, strings.Join(names, ", "))
}

// NearestBase returns the base that a kernel tree is best compared with, and the
// tree's version, for example "6.18".
func NearestBase(tree string) (Base, string, error) {
	version, err := source.KernelVersion(tree)
	if err != nil {
		return Base{}, "", err
	}
	nearest := bases[0]
	for _, b := range bases[1:] {
		if slices.Compare(version[:], b.Since[:]) >= 0 {
			nearest = b
		}
	}
	return nearest, fmt.Sprintf("%d.%d", version[0], version[1]), nil
}
