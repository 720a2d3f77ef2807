// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"slices"

	"mdlife/vmtests/guest/array"
)

// journalRead has a block be read and written while another block of its stripe goes to a journal in
// write-back mode: the stripe, which waits for that, then has both to do at once. The block must be what was
// written, in the stripe cache and where it is written out to.
var journalRead = scenario{name: "journal-read-write", on: array.Personality.Parity, company: array.NoCompany, run: func(a *array.Array) (string, error) {
	return "what was written is there", array.Steps(
		a.Step("make disks", a.UseGates),
		a.Step("create", a.Create(array.Recipe{More: []string{array.JournalArg, array.DataOffset}}), a.Settle),
		a.Step("write", a.Write, func() error { return otherOnDisk(a) }),
		a.Step("stop", a.Stop(array.ByIoctl)), // the stripe cache must not have the block
		a.Step("assemble", func() error { return assembleWithJournal(a) }, a.Settle),
		a.Step("be active", a.StayActive, a.Setting("journal_mode", "write-back"), func() error { return a.RewriteBlocks(0).End() }),
		a.Unwatched(a.Step("read and write a block at once", a.SettleUdev, func() error { return readAndWrite(a) })),
		a.Step("read all", a.Verify),
		a.Step("write out", a.Setting("journal_mode", "write-through"), a.Verify),
		a.Step("stop again", a.Stop(array.ByIoctl)),
		a.Step("assemble again", func() error { return assembleWithJournal(a) }, a.Settle, a.Verify),
		a.Step("stop at the end", a.Stop(array.ByMdadm)),
	)
}}

// bothDone is the block that is read and written at once, and not one of the first, which the opener reads.
// besideIt is another of its stripe, on another member.
const (
	bothDone = 9
	besideIt = bothDone + array.ChunkKiB*1024/array.BlockSize
)

// otherOnDisk has the block be of another writing than the rest.
func otherOnDisk(a *array.Array) error {
	return array.Pattern{Generation: a.Data.Generation + 1}.WriteBlock(a.Dev(), bothDone)
}

// readAndWrite gives a stripe a read and a write of one block while the journal has a write of it.
func readAndWrite(a *array.Array) error {
	journal := a.Gates[len(a.Gates)-1]
	if err := journal.Shut(); err != nil {
		return err
	}
	io := a.RewriteBlocks(besideIt)
	err := a.Held(io...)
	io = append(io, array.Begin("read", func() error {
		_, err := array.Place{Node: a.Dev(), Offset: bothDone * array.BlockSize}.Read()
		return err // either writing will do
	}))
	err = errors.Join(err, a.Held(io...))
	io = append(io, a.RewriteBlocks(bothDone)...)
	err = errors.Join(err, a.Held(io...))
	for _, c := range io {
		if c.Over() {
			err = errors.Join(err, errors.New("no power: not all wait for the journal"))
			break
		}
	}
	if err = errors.Join(err, journal.Open()); err != nil {
		return err
	}
	return io.End()
}

// assembleWithJournal assembles the array of its first members and the journal.
func assembleWithJournal(a *array.Array) error {
	return a.Assemble(append(slices.Clone(a.First()), a.Journal()))
}
