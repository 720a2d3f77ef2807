// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"bytes"
	"errors"
	"fmt"

	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/recorded"
)

// failfasts are mirrors whose legs were added as such that fail fast, and fail one request each, all at the
// same moment. The last leg is asked again without haste, and does what it is asked: nothing may fail, one
// leg at worst is out, and the array goes on taking writes. In failfast (fault_failfast.go) the legs fail
// the second request, too.
var failfasts = rows([]failfastRow{
	{name: "failfast-write", fail: failOneWrite},
	{name: "failfast-write-no-bbl", metadata: "0.90", fail: failOneWrite},
	{name: "failfast-write-fua", fail: failOneSyncWrite},
	{name: "failfast-superblock", clean: true, fail: failOneWrite},
	{name: "failfast-read", fail: failReads},
	{name: "failfast-rebuild", fail: failSource},
}, func(_ int, f failfastRow) scenario {
	return scenario{name: f.name, on: array.Personality.Mirrors, run: f.run}
})

// failfastRow is what the legs fail.
type failfastRow struct {
	name     string
	metadata string // 0.90 keeps no list of bad blocks
	clean    bool   // the first thing that is written is a superblock
	fail     func(*array.Array, []*recorded.Disk, *recorded.Log) error
}

// servedBytes is the size of each leg.
const servedBytes = 16 << 20

func (f failfastRow) run(a *array.Array) (seen string, err error) {
	var disks []*recorded.Disk
	var log recorded.Log
	ready := []func() error{a.StayActive, array.WaitForOldTimer, a.Write} // or a superblock is written first
	if f.clean {
		ready = []func() error{a.WaitForClean}
	}
	err = array.Steps(
		a.Step("make disks", func() (err error) {
			disks, err = a.UseServed(a.Personality.Disks+1, servedBytes, &log)
			return err
		}),
		a.Step("create", a.Create(array.Recipe{Metadata: f.metadata, Clean: true, More: []string{"--failfast"}}), func() error { return failFast(a) }),
		a.Step("write", a.Write),
		a.Unwatched(
			a.Step("make ready", append(ready, a.SettleUdev)...),
			a.Step("each leg fails once", func() error { return f.fail(a, disks, &log) }),
		),
		a.Step("write again", array.Timely("a write", a.Write), a.Verify),
		a.Step("see what is out", func() (err error) {
			seen, err = aLegPerCopy(a)
			return err
		}),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
	return seen, err
}

// failFast has the legs be such that fail fast. mdadm 4.2 forgets --failfast with metadata 0.90.
func failFast(a *array.Array) error {
	for _, leg := range a.First() {
		if err := a.Set(array.MemberDir(leg)+"/state", "failfast"); err != nil {
			return err
		}
	}
	return nil
}

// aLegPerCopy fails if more members are out than can be, where one copy of everything is still there.
func aLegPerCopy(a *array.Array) (seen string, err error) {
	degraded, err := a.Attr("degraded")
	if err == nil && degraded != "0" && degraded != "1" && !(degraded == "2" && a.Personality.Disks == 4) {
		err = fmt.Errorf("md/degraded is %s", degraded)
	}
	return "degraded: " + degraded, err
}

// failOneWrite has each leg fail the next write, and writes a block.
func failOneWrite(a *array.Array, disks []*recorded.Disk, _ *recorded.Log) error {
	return failNextWrites(disks[:a.Personality.Disks], func() error { return a.RewriteBlocks(0).End() })
}

// failNextWrites has each leg fail the next write, and sees that a write meets that.
func failNextWrites(legs []*recorded.Disk, write func() error) error {
	for _, d := range legs {
		d.FailWrites(1)
	}
	err := write()
	failed := 0
	for _, d := range legs {
		failed += 1 - d.Failing()
		d.FailWrites(0)
	}
	if err == nil && failed < 2 {
		err = fmt.Errorf("no power: only %d legs were written to", failed)
	}
	return err
}

// failOneSyncWrite does that with a write that is to be on the media when it returns. A leg that is told
// again to write the block must be told that as well: a filesystem that writes so need not flush behind it.
func failOneSyncWrite(a *array.Array, disks []*recorded.Disk, log *recorded.Log) error {
	log.Start()
	err := failNextWrites(disks[:a.Personality.Disks], func() error { return a.RewriteSync(0).End() })
	events := log.Stop()
	if err != nil {
		return err
	}
	block := make([]byte, array.BlockSize)
	a.Data.Fill(block, 0)
	told := false
	for _, e := range events {
		if e.Kind != recorded.WriteBegun || !bytes.HasPrefix(block, e.Data) {
			continue
		}
		if told = true; !e.FUA {
			return fmt.Errorf("disk %d is told to write %d bytes of block 0, and not that they must be on the media then", e.Disk, len(e.Data))
		}
	}
	if !told {
		return errors.New("no disk is told again to write block 0")
	}
	return nil
}

// failReads has the legs fail all reads that are under way at one moment.
func failReads(a *array.Array, disks []*recorded.Disk, _ *recorded.Log) error {
	const reads = 24
	disks = disks[:a.Personality.Disks]
	for _, d := range disks {
		d.Shut(0)
		d.FailReads(reads)
	}
	io := a.ReadBlocks(true, a.SomeBlocks(reads)...)
	err := a.Held(io...)
	met := 0
	for _, d := range disks {
		met += min(d.Waiting(), 1)
		d.FailReads(0)
	}
	for _, d := range disks { // when none fails what is sent again
		d.Open()
	}
	if err := errors.Join(err, io.End()); err != nil {
		return err
	}
	if met < 2 {
		return fmt.Errorf("no power: only %d legs were read from", met)
	}
	return nil
}

// failSource has a leg be rebuilt, and the one that it is rebuilt from fail a read.
func failSource(a *array.Array, disks []*recorded.Disk, _ *recorded.Log) error {
	return array.Steps(
		func() error { return a.TakeOut(a.Members[1]) },
		a.Setting("sync_max", "0"),
		func() error { return a.Add(a.Members[1]) }, a.WaitForAction("recover"), a.WaitForHold,
		func() error {
			disks[0].FailReads(1)
			return a.LetGo()
		},
		a.Settle,
		func() error {
			if disks[0].Failing() > 0 {
				return errors.New("no power: the source was not read")
			}
			return nil
		},
		a.CheckNotDegraded,
	)
}
