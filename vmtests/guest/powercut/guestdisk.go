// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// How often the power is cut in one test case, and who writes until then.
const (
	cuts        = 20
	writers     = 4
	writerSpan  = 64                    // blocks of each
	longestLife = 60 * time.Millisecond // after the first acknowledgement
	ackLimit    = 5 * time.Second
)

// Disk is a test of an array whose members are parts of one disk of the guest, the power of
// which is cut.
type Disk struct {
	More     []string // arguments of mdadm --create
	Degraded bool
	NoCache  bool // members without a volatile cache
	Settled  bool // nothing is written until the resync has ended
}

// guestDisk is one such array, and its disk.
type guestDisk struct {
	*array.Array
	test    Disk
	disk    *array.NullBlk
	members []string // that the array is assembled of
	ledger  *ledger
	forced  int // how often that took --force
}

// Run writes to an array, cuts the power, brings the array back, and looks, again and again.
func (d Disk) Run(a *array.Array) (string, error) {
	g := &guestDisk{Array: a, test: d, ledger: newLedger()}
	if err := g.create(); err != nil {
		return "", err
	}
	for n := 1; n <= cuts; n++ {
		if err := g.survive(n); err != nil {
			return "", err
		}
	}
	seen := fmt.Sprintf("%d cuts, %d blocks acknowledged, assembled by force %d times", cuts, g.ledger.acked, g.forced)
	return seen, a.Do("stop", a.Settle, a.Stop(array.ByMdadm))
}

// create makes the disk, and the array on its parts.
func (g *guestDisk) create() error {
	recipe := array.Recipe{More: g.test.More}
	return array.Steps(
		g.Step("make a disk", func() error { return g.makeDisk(recipe.HasJournal()) }),
		g.Step("create", g.Create(recipe), g.Settle),
		func() error {
			g.members = slices.Clone(g.First())
			if recipe.HasJournal() {
				g.members = append(g.members, g.Journal())
			}
			return g.degrade()
		},
	)
}

// degrade takes the first member away, where the array must be degraded.
func (g *guestDisk) degrade() error {
	if !g.test.Degraded {
		return nil
	}
	g.members = g.members[1:]
	return array.Steps(g.FailMember(0), g.Write)
}

// survive cuts the power once, and brings the array back.
func (g *guestDisk) survive(n int) error {
	return array.Steps(
		g.Step(fmt.Sprintf("power cut %d of %d", n, cuts), g.cut),
		g.Step(fmt.Sprintf("stop after power cut %d", n), g.Stop(array.StopWay(n))),
		g.Step(fmt.Sprintf("assemble after power cut %d", n), g.powerOn, g.assemble),
		g.Step(fmt.Sprintf("look after power cut %d", n), func() error { return g.ledger.audit(g.Dev()) }, g.settle),
	)
}

// assemble assembles the array, if need be by force.
func (g *guestDisk) assemble() error {
	forced, err := g.AssembleByForce(g.members)
	if forced {
		g.forced++
	}
	return err
}

// settle waits for the resync where that matters. No member has failed, but all at once.
func (g *guestDisk) settle() error {
	if g.test.Settled {
		if err := g.Settle(); err != nil {
			return err
		}
	}
	if g.test.Degraded {
		return nil
	}
	return g.CheckNotDegraded()
}

// makeDisk makes the members, with a journal's where there is one, partitions of one
// null_blk disk, so that all lose their power in one moment. A disk with a volatile cache
// loses then what was not flushed, but for what the cache had no room for.
func (g *guestDisk) makeDisk(journal bool) (err error) {
	attrs := map[string]string{}
	if !g.test.NoCache {
		attrs["cache_size"] = "2"
	}
	if g.disk, err = g.UseOneNullBlk(88, attrs); err != nil {
		return err
	}
	parts := g.Personality.Disks
	if journal {
		parts++
	}
	for i := range parts {
		g.Members = append(g.Members, fmt.Sprintf("%sp%d", g.disk.Node(), i+1))
	}
	return g.partition()
}

// partition adds the partitions, of which the disk has no table.
func (g *guestDisk) partition() error {
	if err := addPartitions(g.disk.Node(), len(g.Members)); err != nil {
		return err
	}
	for _, m := range g.Members {
		if err := array.WaitForNode(m); err != nil {
			return err
		}
	}
	return nil
}

// powerOn gives the power back.
func (g *guestDisk) powerOn() error { return array.Steps(g.disk.PowerOn, g.partition) }

// cut cuts the power in the middle of the writing, when something has been
// acknowledged: else there would be nothing to lose.
func (g *guestDisk) cut() error {
	g.ledger.open()
	all, _ := errgroup.WithContext(context.Background())
	node := g.Dev()
	for i := range writers {
		all.Go(func() error { return g.ledger.keepWriting(node, i) })
	}
	heard := g.ledger.waitForAck(g.Context())
	time.Sleep(time.Duration(g.Rand.Int64N(int64(longestLife))))
	g.ledger.close()
	off := g.disk.PowerOff()
	return errors.Join(all.Wait(), heard, off)
}

// keepWriting writes blocks of its own, one after the other, each made durable, until
// that fails: the power is off.
func (l *ledger) keepWriting(node string, writer int) error {
	f, err := array.OpenDirect(node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := array.Aligned(array.BlockSize)
	defer unix.Munmap(buf)
	for {
		block := uint64(writer*writerSpan) + l.writings[writer]%writerSpan
		l.writings[writer]++
		writing := l.begin(block)
		array.Pattern{Generation: writing}.Fill(buf, block)
		if _, err := f.WriteAt(buf, int64(block)*array.BlockSize); err != nil {
			return nil
		}
		if err := f.Sync(); err != nil {
			return nil
		}
		l.end(block, writing)
	}
}
