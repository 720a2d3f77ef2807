// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/powercut"
)

// powerCuts cut the power of all members at once, again and again: each block whose fsync
// has returned must be there afterwards. A degraded raid4, raid5 or raid6 without journal or
// PPL is left out, as it promises no such thing: where a stripe was being written, the missing
// data cannot be told from the rest (the write hole). With a PPL, md promises nothing where
// members have a volatile cache, nor with a journal while a resync runs: flush-ppl and
// flush-journal-check show that each time, and docs/found.md says why.
var powerCuts = rows([]powerRow{
	{"power", array.Personality.Redundant, powercut.Disk{}},
	{"power-degraded", array.Personality.Mirrors, powercut.Disk{Degraded: true}},
	{"power-journal", array.Personality.Parity, powercut.Disk{More: []string{array.JournalArg}, Settled: true}},
	{"power-ppl", array.Personality.IsRaid5, powercut.Disk{More: []string{array.PPLArg}, NoCache: true}},
	{"power-ppl-degraded", array.Personality.IsRaid5, powercut.Disk{More: []string{array.PPLArg}, Degraded: true, NoCache: true}},
}, func(_ int, r powerRow) scenario {
	return scenario{name: r.name, on: r.on, long: true, company: array.NoCompany, run: r.disk.Run}
})

// powerRow is a way to make arrays that a power cut must not hurt.
type powerRow struct {
	name string
	on   func(array.Personality) bool
	disk powercut.Disk
}
