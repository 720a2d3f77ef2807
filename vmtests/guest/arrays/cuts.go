// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/powercut"
)

// everyCut are the power cuts of powerCuts, but not at random: a workload is recorded, and the power goes
// before and after each flush of a member, and whenever something was acknowledged, with many of the states
// that the members may be left in. Here all members have a volatile cache.
var everyCut = rows([]everyRow{
	{"cuts", array.Personality.Redundant, powercut.Every{}},
	{"cuts-bitmap", array.Personality.Redundant, powercut.Every{Recipe: array.Recipe{Bitmap: true}}},
	{"cuts-degraded", array.Personality.Mirrors, powercut.Every{Degraded: true}},
	{"cuts-ppl", array.Personality.IsRaid5, powercut.Every{Recipe: array.Recipe{More: []string{array.PPLArg}}, NoHole: true, Lossy: true}},
	{"cuts-journal", array.Personality.Parity, powercut.Every{Recipe: withJournal, NoHole: true}},
	{"cuts-journal-back", array.Personality.Parity, powercut.Every{Recipe: withJournal, Journal: "write-back", NoHole: true}},
	{"cuts-resync", array.Personality.Redundant, powercut.Every{Beside: powercut.BesideResync}},
	{"cuts-recovery", array.Personality.Mirrors, powercut.Every{Beside: powercut.BesideRecovery}},
	{"cuts-recovery-begin", array.Personality.Redundant, powercut.Every{Beside: powercut.RecoveryBegins, Agree: true}},
	{"cuts-recovery-end", array.Personality.Redundant, powercut.Every{Beside: powercut.RecoveryEnds, Agree: true}},
	{"cuts-grow", array.HasChange("grow"), powercut.Every{Recipe: withOffset, Beside: powercut.BesideReshape, Change: "grow"}},
	{"cuts-grow-begin", array.HasChange("grow"), powercut.Every{Recipe: withOffset, Beside: powercut.ReshapeBegins, Change: "grow"}},
	{"cuts-grow-end", array.HasChange("grow"), powercut.Every{Recipe: withOffset, Beside: powercut.ReshapeEnds, Change: "grow"}},
	{"cuts-chunk-end", array.HasChange("chunk"), powercut.Every{Recipe: withOffset, Beside: powercut.ReshapeEnds, Change: "chunk"}},
	{"cuts-layout-end", array.HasChange("layout"), powercut.Every{Recipe: withOffset, Beside: powercut.ReshapeEnds, Change: "layout"}},
	{"cuts-ppl-check", array.Personality.IsRaid5, powercut.Every{Recipe: array.Recipe{More: []string{array.PPLArg}}, Beside: powercut.BesideCheck, Agree: true}},
	{"cuts-journal-check", array.Personality.Parity, powercut.Every{Recipe: withJournal, Beside: powercut.BesideCheck}},
	{"cuts-journal-back-check", array.Personality.Parity, powercut.Every{Recipe: withJournal, Journal: "write-back", Beside: powercut.BesideCheck}},
	{"cuts-journal-again", array.Personality.Parity, powercut.Every{Recipe: withJournal, Beside: powercut.BesideCheck, Again: true}},
}, func(_ int, r everyRow) scenario {
	return scenario{name: r.name, on: r.on, long: true, company: array.NoCompany, run: r.test.Run}
})

// withJournal and withOffset are recipes.
var (
	withJournal = array.Recipe{More: []string{array.JournalArg}}
	withOffset  = array.Recipe{More: []string{array.DataOffset}}
)

// everyRow is a way to make arrays that no power cut must hurt.
type everyRow struct {
	name string
	on   func(array.Personality) bool
	test powercut.Every
}
