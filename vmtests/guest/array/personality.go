// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"os"
	"slices"
	"strings"
)

// Personality is a level of md, in one layout: its name for mdadm, and what it can do.
type Personality struct {
	Name       string // "raid10-far"
	MdadmLevel string // for mdadm --level, and in /proc/mdstat
	MaxLost    int    // how many members it can lose; see Redundant
	Disks      int    // how many members an array has in the tests
	Paths      bool   // its members are one disk
	DMRaid     string // its name for dm-raid, "" where that does not have it

	layout  string // for --layout, "" for the default one
	chunk   bool   // takes --chunk
	grow    string // with which metadata mdadm --grow can add a member: "", "all" or "1.1"
	atEnd   bool   // takes metadata at the end of members only: faulty knows no data_offset
	removed string // when and how kernels lost it, "" for one that all have
}

// personalities are all that are tested. A new one is a new row.
var personalities = []Personality{
	{Name: "linear", MdadmLevel: "linear", Disks: 3, removed: "from 6.8 (849d18e27be9) to 6.14 (127186cfb184)"},
	{Name: "raid0", MdadmLevel: "raid0", Disks: 3, chunk: true},
	{Name: "raid1", MdadmLevel: "raid1", Disks: 2, MaxLost: 1, grow: "all", DMRaid: "raid1"},
	{Name: "raid4", MdadmLevel: "raid4", Disks: 3, MaxLost: 1, chunk: true, grow: "all", DMRaid: "raid4"},
	{Name: "raid5", MdadmLevel: "raid5", Disks: 3, MaxLost: 1, chunk: true, grow: "all", DMRaid: "raid5_ls"},
	{Name: "raid6", MdadmLevel: "raid6", Disks: 4, MaxLost: 2, chunk: true, grow: "all", DMRaid: "raid6_zr"},
	{Name: "raid10-near", MdadmLevel: "raid10", layout: "n2", Disks: 4, MaxLost: 1, chunk: true, grow: "1.1", DMRaid: "raid10"},
	{Name: "raid10-far", MdadmLevel: "raid10", layout: "f2", Disks: 4, MaxLost: 1, chunk: true},
	{Name: "raid10-offset", MdadmLevel: "raid10", layout: "o2", Disks: 4, MaxLost: 1, chunk: true, grow: "1.1"},
	{Name: "multipath", MdadmLevel: "multipath", Disks: 2, Paths: true, removed: "since 6.8 (d8730f0cf4ef)"},
	{Name: "faulty", MdadmLevel: "faulty", Disks: 1, atEnd: true, removed: "since 6.8 (415c7451872b)"},
}

// Personalities returns all personalities that are tested, in their order.
func Personalities() []Personality { return slices.Clone(personalities) }

// PersonalityNamed returns the personality of that name, which must be one of [Personalities].
func PersonalityNamed(name string) Personality {
	return personalities[slices.IndexFunc(personalities, func(p Personality) bool { return p.Name == name })]
}

// Named returns whether personalities are the one of that name.
func Named(name string) func(Personality) bool {
	return func(p Personality) bool { return p.Name == name }
}

// Any reports true: it stands for all personalities.
func (p Personality) Any() bool { return true }

// Variant returns the part of the name behind the personality: "far" of "raid10-far".
func (p Personality) Variant() string {
	_, variant, _ := strings.Cut(p.Name, "-")
	return variant
}

// Redundant reports whether it can lose a member. Such an array has a resync, a check, a
// bitmap if one likes, and takes --size; others use their members whole.
func (p Personality) Redundant() bool { return p.MaxLost > 0 }

// Parity reports whether it is one of raid4, raid5 and raid6.
func (p Personality) Parity() bool {
	return p.Name == "raid4" || p.Name == "raid5" || p.Name == "raid6"
}

// Mirrors reports whether it is redundant by copies of data.
func (p Personality) Mirrors() bool { return p.Redundant() && !p.Parity() }

// IsRaid5 reports whether it is raid5, which alone has a partial parity log.
func (p Personality) IsRaid5() bool { return p.Name == "raid5" }

// IsRaid10 reports whether it is raid10 in any layout.
func (p Personality) IsRaid10() bool { return p.MdadmLevel == "raid10" }

// HasDMRaid reports whether the device mapper has it, too.
func (p Personality) HasDMRaid() bool { return p.DMRaid != "" }

// TakesChunk reports whether its data are cut into chunks.
func (p Personality) TakesChunk() bool { return p.chunk }

// Stripes reports whether it is no redundant one, but one of several disks.
func (p Personality) Stripes() bool { return !p.Redundant() && p.Disks > 1 && !p.Paths }

// Grows reports whether mdadm can add a member to an array with this metadata: for
// raid10 there must be room at a member's beginning.
func (p Personality) Grows(metadata string) bool {
	return p.grow == "all" || p.grow != "" && metadata >= p.grow
}

// Reshapes reports whether its data move when it grows by a member.
func (p Personality) Reshapes() bool { return p.Grows("1.2") && p.Name != "raid1" }

// OwnMetadata reports whether its members are disks of their own, with room for any kind of
// metadata.
func (p Personality) OwnMetadata() bool { return !p.Paths && !p.atEnd }

// RedundantOnOwnDisks reports whether it has redundancy, and its members are disks of their own.
func (p Personality) RedundantOnOwnDisks() bool { return p.Redundant() && p.OwnMetadata() }

// DefaultMetadata returns the kind of metadata for test cases that are not about these.
func (p Personality) DefaultMetadata() string {
	kinds := p.Metadata()
	return kinds[len(kinds)-1]
}

// Metadata returns the kinds of metadata that it takes, the default one last.
func (p Personality) Metadata() []string {
	switch {
	case p.atEnd:
		return []string{"0.90", "1.0"}
	case p.Name == "raid0": // mdadm: "0.90 metadata does not support layouts for RAID0"
		return []string{"1.0", "1.1", "1.2"}
	}
	return []string{"0.90", "1.0", "1.1", "1.2"}
}

// Lacking returns why this kernel cannot have such an array, "" if it can.
func (p Personality) Lacking() string {
	mdstat, _ := os.ReadFile("/proc/mdstat")
	return p.LackingIn(string(mdstat))
}

// LackingIn returns why a kernel with this /proc/mdstat cannot have such an array, "" if it
// can. The first line lists the personalities that are there.
func (p Personality) LackingIn(mdstat string) string {
	line, _, _ := strings.Cut(mdstat, "\n")
	switch {
	case slices.Contains(strings.Fields(line), "["+p.MdadmLevel+"]"):
		return ""
	case p.removed != "":
		return "kernels do not have it " + p.removed
	}
	return "not in /proc/mdstat's list of personalities"
}
