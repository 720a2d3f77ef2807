// SPDX-License-Identifier: BSD-3-Clause

package kernel

import "strings"

// Base is a kernel source that patches can be based on. It comes from exactly
// one of a Debian package, a local tree or a tarball.
type Base struct {
	// Name is what users call it, and the directory below patches/.
	Name string
	// Package is the Debian package with the source tarball below /usr/src,
	// and Suites are where to look for it; the newest version wins. A name that
	// ends in * stands for the package of the newest kernel with that prefix.
	Package string
	Suites  []string
	// Fragment is the configuration fragment, in config/, for what this base
	// has and others lack; "" is none.
	Fragment string
	// Tree is a kernel tree on this machine. A copy of what it holds now is
	// built.
	Tree string
	// Tarball is a local .tar, .tar.gz or .tar.xz with one directory at its
	// top, and SHA256 its checksum in hexadecimal.
	Tarball string
	SHA256  string

	// Moving says that the archive replaces its version now and then.
	Moving bool
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
		Name:    "6.1",
		Package: "linux-source-6.1",
		Suites:  []string{"bookworm", "bookworm-updates", "bookworm-security"},

		Fragment: "6.1",

		RaceOpens: 100_000, RaceCycles: 1_000,
	},
	{
		Name:    "6.12",
		Package: "linux-source-6.12",
		Suites:  []string{"trixie", "trixie-updates", "trixie-security"},

		Fragment: "6.12",
		Since:    [2]int{6, 7}, // MD_CLOSING outlasts the stop; multipath and faulty have gone

		RaceOpens: slowRaceOpens, RaceCycles: slowRaceCycles,
	},
	{
		Name:    "mainline",
		Package: "linux-source-*",
		Suites:  []string{"sid"},

		Fragment:    "mainline",
		Moving:      true,
		Since:       [2]int{6, 17}, // the stop may delete the disk
		SyncRemoval: true,
		KUnitRAID6:  true,

		RaceOpens: slowRaceOpens, RaceCycles: slowRaceCycles,
	},
}

// Bases returns the known bases, the default one first.
func Bases() []Base { return append([]Base(nil), bases...) }

// FindBase returns the base called name. Its error is an [ErrUsage] that lists
// the known ones.
func FindBase(name string) (Base, error) {
	var names []string
	for _, b := range bases {
		if b.Name == name {
			return b, nil
		}
		names = append(names, b.Name)
	}
	return Base{}, usagef("no base %q; known bases: %s", name, strings.Join(names, ", "))
}
