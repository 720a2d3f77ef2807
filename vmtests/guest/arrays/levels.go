// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"os"
	"slices"
	"strings"
)

// level is a personality: what mdadm calls it, and what it can do.
type level struct {
	name    string // "raid10-far"
	level   string // for mdadm --level, and in /proc/mdstat
	layout  string // for --layout, "" for the usual one
	members int
	lose    int    // how many members it can lose; see redundant
	chunk   bool   // takes --chunk
	grow    string // with which metadata mdadm --grow can add a member: "", "all" or "1.1"
	paths   bool   // its members are one disk
	end     bool   // takes metadata at the end of members only: faulty knows no data_offset
	mapper  string // what dm-raid calls it, "" where it does not have it
	gone    string // when and how kernels lost it, "" for one that all have
}

// levels are the personalities. A new one is a new row.
var levels = []level{
	{name: "linear", level: "linear", members: 3, gone: "from 6.8 (849d18e27be9) to 6.14 (127186cfb184)"},
	{name: "raid0", level: "raid0", members: 3, chunk: true},
	{name: "raid1", level: "raid1", members: 2, lose: 1, grow: "all", mapper: "raid1"},
	{name: "raid4", level: "raid4", members: 3, lose: 1, chunk: true, grow: "all", mapper: "raid4"},
	{name: "raid5", level: "raid5", members: 3, lose: 1, chunk: true, grow: "all", mapper: "raid5_ls"},
	{name: "raid6", level: "raid6", members: 4, lose: 2, chunk: true, grow: "all", mapper: "raid6_zr"},
	{name: "raid10-near", level: "raid10", layout: "n2", members: 4, lose: 1, chunk: true, grow: "1.1", mapper: "raid10"},
	{name: "raid10-far", level: "raid10", layout: "f2", members: 4, lose: 1, chunk: true},
	{name: "raid10-offset", level: "raid10", layout: "o2", members: 4, lose: 1, chunk: true, grow: "1.1"},
	{name: "multipath", level: "multipath", members: 2, paths: true, gone: "since 6.8 (d8730f0cf4ef)"},
	{name: "faulty", level: "faulty", members: 1, end: true, gone: "since 6.8 (415c7451872b)"},
}

// levelNamed is the personality in a row of that name.
func levelNamed(name string) level {
	return levels[slices.IndexFunc(levels, func(l level) bool { return l.name == name })]
}

// variant is what follows the personality in a name: "far" of "raid10-far".
func (l level) variant() string {
	_, variant, _ := strings.Cut(l.name, "-")
	return variant
}

// redundant tells whether it can lose a member. Such an array has a resync, a check, a
// bitmap if one likes, and takes --size; others use their members whole.
func (l level) redundant() bool { return l.lose > 0 }

// parity tells whether it is one of raid4, raid5 and raid6.
func (l level) parity() bool { return l.name == "raid4" || l.name == "raid5" || l.name == "raid6" }

// partly tells whether what it has lost with a member is only a part of its redundancy:
// the rest can be checked and repaired still.
func (l level) partly() bool { return l.level == "raid10" }

// grows tells whether mdadm can add a member to an array with this metadata: for
// raid10 there has to be room at a member's beginning.
func (l level) grows(metadata string) bool {
	return l.grow == "all" || l.grow != "" && metadata >= l.grow
}

// usual is the kind of metadata for cells that are not about these.
func (l level) usual() string {
	kinds := l.metadata()
	return kinds[len(kinds)-1]
}

// metadata are the kinds that it takes, the usual one last.
func (l level) metadata() []string {
	switch {
	case l.end:
		return []string{"0.90", "1.0"}
	case l.name == "raid0": // mdadm: "0.90 metadata does not support layouts for RAID0"
		return []string{"1.0", "1.1", "1.2"}
	}
	return []string{"0.90", "1.0", "1.1", "1.2"}
}

// lacks says why this kernel cannot have such an array, "" if it can. The first
// line of /proc/mdstat lists the personalities that are there.
func (l level) lacks() string {
	mdstat, _ := os.ReadFile("/proc/mdstat")
	line, _, _ := strings.Cut(string(mdstat), "\n")
	switch {
	case slices.Contains(strings.Fields(line), "["+l.level+"]"):
		return ""
	case l.gone != "":
		return "kernels do not have it " + l.gone
	}
	return "not in /proc/mdstat's list of personalities"
}
