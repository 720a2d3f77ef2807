// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"strings"

	"mdlife/vmtests/guest/array"
)

// faultyModes are what a member of personality faulty can be told to do with
// mdadm --grow --layout: fail so many-th writes or reads, once, for ever, or until
// the place is written again (md(4)).
var faultyModes = []string{"write-transient7", "read-transient7", "write-persistent5", "read-persistent5", "read-fixable5", "write-all"}

// faultyMembers have a raid1 whose second member is an array of personality faulty, which
// kernels lost with Linux 6.8.
var faultyMembers = rows(faultyModes, func(_ int, mode string) scenario {
	f := fault{
		disks: disksOf((*array.Array).UseFaultyMember),
		begin: onDisk(func(m *array.FaultyMember) error { return m.Layout(mode) }),
		// "clear" ends the modes, "flush" forgets the places.
		end: onDisk(func(m *array.FaultyMember) error { return m.Layout("clear", "flush") }),
	}
	return scenario{name: "member-" + strings.TrimRight(mode, "0123456789"), on: isFaulty, run: func(a *array.Array) (string, error) {
		a.Personality = array.PersonalityNamed("raid1")
		return f.run(a)
	}}
})

func isFaulty(p array.Personality) bool { return p.MdadmLevel == "faulty" }
