// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
)

// flushes are about members with a volatile cache: when an fsync returns, each member that holds
// what was written has flushed its cache since. The members take a while for each request, so that who
// does not wait for a flush returns before that has ended.
var flushes = rows([]flushRow{
	{name: "flush", on: hasMembers},
	{name: "flush-bitmap", on: array.Personality.Redundant, recipe: array.Recipe{Bitmap: true}},
	{name: "flush-ppl", on: array.Personality.IsRaid5, recipe: array.Recipe{More: []string{array.PPLArg}}},
}, func(_ int, f flushRow) scenario {
	return scenario{name: f.name, on: f.on, run: f.run}
})

// flushRow is a kind of array that must flush its members.
type flushRow struct {
	name   string
	on     func(array.Personality) bool
	recipe array.Recipe
}

// hasMembers reports whether the members are disks of their own.
func hasMembers(p array.Personality) bool { return p.OwnMetadata() }

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
	before, err := countAll(a)
	if err != nil {
		return err
	}
	array.Pattern{Generation: 1}.Fill(buf, uint64(block))
	if _, err := f.WriteAt(buf, block*array.BlockSize); err != nil {
		return err
	}
	written, err := countAll(a)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	after, err := countAll(a)
	if err != nil {
		return err
	}
	for i, n := range after {
		if written[i].writes > before[i].writes && n.flushes == written[i].flushes {
			return fmt.Errorf("block %d was written to %s, and fsync has returned, but the member has flushed nothing since",
				block, a.First()[i])
		}
	}
	return nil
}

// requests are what a disk has done so far.
type requests struct {
	writes, flushes uint64
}

// countAll returns what the members have done so far.
func countAll(a *array.Array) (all []requests, err error) {
	for _, n := range a.NullBlks[:a.Personality.Disks] {
		stat, err := md.ReadAttr(n.KernelName(), "stat")
		if err != nil {
			return nil, err
		}
		const writes, flushes = 4, 15 // Documentation/block/stat.rst
		fields := strings.Fields(stat)
		if len(fields) <= flushes {
			return nil, fmt.Errorf("stat of %s is %q, without flushes", n.KernelName(), stat)
		}
		var r requests
		if _, err := fmt.Sscan(fields[writes]+" "+fields[flushes], &r.writes, &r.flushes); err != nil {
			return nil, fmt.Errorf("stat of %s: %w", n.KernelName(), err)
		}
		all = append(all, r)
	}
	return all, nil
}
