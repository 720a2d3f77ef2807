// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// flushes are about members with a volatile cache: when an fsync returns, each member that holds
// what was written has flushed its cache since. The members take a while for each request, so that who
// does not wait for a flush returns before that has ended.
var flushes = rows([]flushRow{
	{name: "flush", on: array.Personality.OwnMetadata},
	{name: "flush-bitmap", on: array.Personality.Redundant, recipe: array.Recipe{Bitmap: true}},
	{name: "flush-ppl", on: array.Personality.IsRaid5, recipe: array.Recipe{More: []string{array.PPLArg}}},
}, func(_ int, f flushRow) scenario {
	return scenario{name: f.name, on: f.on, company: array.NoCompany, run: f.run}
})

// flushRow is a kind of array that must flush its members.
type flushRow struct {
	name   string
	on     func(array.Personality) bool
	recipe array.Recipe
}

// cachedAndSlow is a disk with a volatile cache that takes 50 ms for each request.
var cachedAndSlow = map[string]string{"cache_size": "4", "irqmode": "2", "completion_nsec": "50000000"}

// fsyncs is how often something is written and made durable.
const fsyncs = 8

func (f flushRow) run(a *array.Array) (string, error) {
	recipe := f.recipe
	recipe.Clean = a.Personality.Redundant()
	return fmt.Sprintf("%d fsyncs", fsyncs), array.Steps(
		a.Step("make disks", func() error { return a.UseNullBlksAllWith(cachedAndSlow) }),
		a.Step("create", a.Create(recipe), a.Settle),
		a.Step("write and fsync", func() error { return writeAndFsync(a) }),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// writeAndFsync writes blocks, makes each durable, and looks whether the members know of it.
func writeAndFsync(a *array.Array) error {
	f, err := array.OpenDirect(a.Dev(), os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := array.Aligned(array.BlockSize)
	defer unix.Munmap(buf)
	for i := range fsyncs {
		const apart = 64 // blocks
		if err := fsyncOne(a, f, buf, int64(i*apart)); err != nil {
			return err
		}
	}
	return nil
}

// fsyncOne writes a block and makes it durable: each member that was written to must have flushed.
func fsyncOne(a *array.Array, f *os.File, buf []byte, block int64) error {
	before, err := a.Requests()
	if err != nil {
		return err
	}
	array.Pattern{Generation: 1}.Fill(buf, uint64(block))
	if _, err := f.WriteAt(buf, block*array.BlockSize); err != nil {
		return err
	}
	written, err := a.Requests()
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	after, err := a.Requests()
	if err != nil {
		return err
	}
	return allFlushed(a, block, before, written, after)
}

// allFlushed fails if a member that was written to has not flushed since.
func allFlushed(a *array.Array, block int64, before, written, after []array.Requests) error {
	for i := range a.First() {
		if written[i].Writes > before[i].Writes && after[i].Flushes == written[i].Flushes {
			return fmt.Errorf("block %d was written to %s, and fsync has returned, but the member has flushed nothing since",
				block, a.First()[i])
		}
	}
	return nil
}

// flushJournal has an array with a journal write to a stripe that is being checked. That must go to the
// journal as well, or an fsync must flush the members.
var flushJournal = scenario{name: "flush-journal-check", on: array.Personality.Parity, company: array.NoCompany, run: func(a *array.Array) (seen string, err error) {
	recipe := array.Recipe{More: []string{array.JournalArg}}
	err = array.Steps(
		a.Step("make disks", func() error { return a.UseNullBlksAllWith(map[string]string{"cache_size": "4"}) }, a.UseGates),
		a.Step("create", a.Create(recipe), a.Settle),
		a.Step("write", a.Setting("safe_mode_delay", "0"), a.Write),
		a.Step("begin a check", a.Setting("sync_max", "0"), a.Action("check"), a.WaitForHold),
		a.Unwatched(a.Step("write to what is being checked", func() (err error) {
			seen, err = writeUnderCheck(a)
			return err
		})),
		a.Step("end the check", a.Settle, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
	return seen, err
}}

// writeUnderCheck has the check wait for a member, writes to a stripe that it is at, lets both go on, and
// looks where the block is when fsync has returned.
func writeUnderCheck(a *array.Array) (string, error) {
	gate := a.Gates[1]
	if err := array.Steps(gate.Shut, a.LetGo, a.WaitForStuck); err != nil {
		return "", errors.Join(err, gate.Open())
	}
	before, err := a.Requests()
	if err != nil {
		return "", errors.Join(err, gate.Open())
	}
	write := a.RewriteBlocks(0)
	err = a.Held(write...)
	if err := errors.Join(err, gate.Open()); err != nil {
		return "", err
	}
	if err := write.End(); err != nil {
		return "", err
	}
	return whereIsIt(a, before)
}

// whereIsIt makes what was written durable, and says whether that is in the journal or on the members.
func whereIsIt(a *array.Array, before []array.Requests) (string, error) {
	written, err := a.Requests()
	if err != nil {
		return "", err
	}
	if err := fsync(a); err != nil {
		return "", err
	}
	after, err := a.Requests()
	if err != nil {
		return "", err
	}
	const blockSectors = array.BlockSize / 512
	journal := len(a.NullBlks) - 1
	if written[journal].Sectors >= before[journal].Sectors+2*blockSectors { // a description, and the block
		return "it is in the journal", nil
	}
	return "it is on the members", allFlushed(a, 0, before, written, after)
}

// fsync has what was written to the array made durable.
func fsync(a *array.Array) error {
	f, err := os.OpenFile(a.Dev(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
