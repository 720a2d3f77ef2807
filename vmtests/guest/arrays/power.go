// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// How often the power is cut in one cell, and who writes until then.
const (
	cuts        = 20
	writers     = 4
	writerSpan  = 64                    // blocks of each
	longestLife = 60 * time.Millisecond // after the first acknowledgement
	ackLimit    = 5 * time.Second
)

// cutsPower begins the names of the cells.
const cutsPower = "power"

// supply is a way to make arrays that a power cut must not hurt.
type supply struct {
	name     string
	can      func(level) bool
	more     []string
	degraded bool
	lasting  bool // members without a volatile cache
	settled  bool // nothing is written until the resync has ended
}

// supplies are what is promised: each block whose fsync has returned is there. A
// degraded raid4, raid5 or raid6 without journal or PPL is left out, as it promises no
// such thing: where a stripe was being written, what is missing cannot be told from
// the rest (the write hole). With a PPL, md promises nothing where members have a
// volatile cache, nor with a journal while a resync runs: see docs/found.md.
var supplies = []supply{
	{name: cutsPower, can: level.redundant},
	{name: cutsPower + "-degraded", can: func(l level) bool { return l.redundant() && !l.parity() }, degraded: true},
	{name: cutsPower + "-journal", can: level.parity, more: []string{journalArg}, settled: true},
	{name: cutsPower + "-ppl", can: isRaid5, more: []string{pplArg}, lasting: true},
	{name: cutsPower + "-ppl-degraded", can: isRaid5, more: []string{pplArg}, degraded: true, lasting: true},
}

// outages are cells that cut the power.
func outages(l level) []cell {
	var all []cell
	for _, s := range supplies {
		if s.can(l) {
			all = append(all, cell{name: l.name + "/" + s.name, level: l, run: s.run})
		}
	}
	return all
}

// run writes, cuts the power, brings the array back, and looks, again and again.
func (s supply) run(ctx context.Context, r *rig) (string, error) {
	r.does("make a disk")
	journal := slices.Contains(s.more, journalArg)
	if err := r.onOneDisk(s.lasting, journal); err != nil {
		return "", err
	}
	r.does("create")
	members := slices.Clone(r.members[:r.level.members])
	if err := r.make(ctx, recipe{metadata: r.level.usual(), more: r.withJournal(s.more)}); err != nil {
		return "", err
	}
	if journal {
		members = append(members, r.journal())
	}
	if err := r.settle(ctx); err != nil {
		return "", err
	}
	if s.degraded {
		if err := failOne(ctx, r, &pattern{}); err != nil {
			return "", err
		}
		members = members[1:]
	}
	b := newBooks()
	forced := 0
	for n := 1; n <= cuts; n++ {
		r.does("power cut %d of %d", n, cuts)
		if err := r.cutPower(b); err != nil {
			return "", err
		}
		r.does("stop after power cut %d", n)
		if err := r.halt(ctx, stopWays[n%len(stopWays)]); err != nil {
			return "", err
		}
		r.does("assemble after power cut %d", n)
		if err := r.powerUp(); err != nil {
			return "", err
		}
		if err := r.assemble(ctx, members); err != nil {
			if err := r.assemble(ctx, members, "--force"); err != nil {
				return "", err
			}
			forced++
		}
		r.does("look after power cut %d", n)
		if err := b.audit(r.dev()); err != nil {
			return "", err
		}
		if s.settled {
			if err := r.settle(ctx); err != nil {
				return "", err
			}
		}
		if !s.degraded {
			if err := r.whole(); err != nil { // no member has failed, but all at once
				return "", err
			}
		}
	}
	r.does("stop")
	return fmt.Sprintf("%d cuts, %d blocks acknowledged, assembled by force %d times", cuts, b.acked, forced), errors.Join(r.settle(ctx), r.halt(ctx, stopWays[0]))
}

// onOneDisk makes the members, with a journal's where there is one, partitions of one
// null_blk disk, so that all lose their power in one moment. Unless the disk is lasting it
// has a volatile cache, and what was not flushed is lost then, but for what the cache had
// no room for.
func (r *rig) onOneDisk(lasting, journal bool) error {
	n := &nullb{name: "nb" + r.name, mib: "88"}
	r.nullbs = []*nullb{n}
	attrs := map[string]string{}
	if !lasting {
		attrs["cache_size"] = "2"
	}
	if err := n.make(attrs); err != nil {
		return err
	}
	disks := r.level.members
	if journal {
		disks++
	}
	r.members = nil
	for i := range disks {
		r.members = append(r.members, fmt.Sprintf("%sp%d", n.node(), i+1))
	}
	return r.partition()
}

// partition adds the partitions, of which the disk has no table.
func (r *rig) partition() error {
	if err := addPartitions(r.nullbs[0].node(), len(r.members)); err != nil {
		return err
	}
	for _, m := range r.members {
		if err := appears(m); err != nil {
			return err
		}
	}
	return nil
}

// partitionMiB is the size of each partition.
const partitionMiB = 16

// addPartitions adds partitions 1 to n to a disk.
func addPartitions(disk string, n int) error {
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	const size = partitionMiB << 20
	for i := range n {
		p := blkpgPartition{start: size/2 + int64(i)*size, length: size, number: int32(i + 1)}
		arg := unix.BlkpgIoctlArg{Op: unix.BLKPG_ADD_PARTITION, Datalen: int32(unsafe.Sizeof(p)), Data: (*byte)(unsafe.Pointer(&p))}
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKPG, uintptr(unsafe.Pointer(&arg))); errno != 0 {
			return fmt.Errorf("BLKPG_ADD_PARTITION %d: %w", i+1, errno)
		}
	}
	return nil
}

// blkpgPartition is struct blkpg_partition of linux/blkpg.h.
type blkpgPartition struct {
	start, length int64 // bytes
	number        int32
	names         [128]byte
}

// cutPower takes the power away in the middle of the writing, when something has been
// acknowledged: else there would be nothing to lose.
func (r *rig) cutPower(b *books) error {
	b.open()
	var all sync.WaitGroup
	errs := make([]error, writers)
	for i := range writers {
		all.Go(func() { errs[i] = b.keepWriting(r.dev(), i) })
	}
	heard := b.listen()
	time.Sleep(time.Duration(r.rng.Int64N(int64(longestLife))))
	b.close()
	err := r.nullbs[0].set("power", "0")
	all.Wait()
	return errors.Join(append(errs, heard, err)...)
}

// powerUp gives it back.
func (r *rig) powerUp() error {
	n := r.nullbs[0]
	if err := errors.Join(n.set("power", "1"), n.appears()); err != nil {
		return err
	}
	return r.partition()
}

// books say what must be there: of each block, the last writing that was acknowledged,
// and those that were begun since.
type books struct {
	mu       sync.Mutex
	last     uint64 // number of the last writing, of any block
	sure     map[uint64]uint64
	begun    map[uint64][]uint64
	acked    int
	fresh    bool // something was acknowledged since the power is on
	closed   bool // the power is going: nobody hears of an fsync that returns
	writings [writers]uint64
}

func newBooks() *books {
	return &books{sure: map[uint64]uint64{}, begun: map[uint64][]uint64{}}
}

// begin notes that a block is to be written.
func (b *books) begin(block uint64) (writing uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	b.begun[block] = append(b.begun[block], b.last)
	return b.last
}

// end notes that it is on the disks.
func (b *books) end(block, writing uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.sure[block] = writing
		b.begun[block] = nil // a writer has its own blocks: this was the only one
		b.acked++
		b.fresh = true
	}
}

// close comes before the power goes. From then on an fsync can return without an
// error for what is lost: md does not pass on that a member's flush has failed.
func (b *books) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

// open begins another life.
func (b *books) open() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.fresh = false, false
}

// listen waits until something is acknowledged.
func (b *books) listen() error {
	for deadline := time.Now().Add(ackLimit); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		b.mu.Lock()
		fresh := b.fresh
		b.mu.Unlock()
		if fresh {
			return nil
		}
	}
	return fmt.Errorf("no write was acknowledged within %v", ackLimit)
}

// keepWriting writes blocks of its own, one after the other, each made durable, until
// that fails.
func (b *books) keepWriting(node string, writer int) error {
	f, err := openDirect(node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	for {
		block := uint64(writer*writerSpan) + b.writings[writer]%writerSpan
		b.writings[writer]++
		writing := b.begin(block)
		pattern{generation: writing}.fill(buf, block)
		if _, err := f.WriteAt(buf, int64(block)*blockSize); err != nil {
			return nil // the power is off
		}
		if err := f.Sync(); err != nil {
			return nil
		}
		b.end(block, writing)
	}
}

// audit reads every block. One that was written since the last acknowledgement may be of
// any of these writings, or of the one before, or torn: one that comes back when the power
// is going is not acknowledged, and the next follows. All others are as acknowledged. What
// is found counts from then on.
func (b *books) audit(node string) error {
	f, err := openDirect(node, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	for block, begun := range b.begun {
		if _, err := f.ReadAt(buf, int64(block)*blockSize); err != nil {
			return fmt.Errorf("read block %d: %w", block, err)
		}
		sure := b.sure[block]
		if len(begun) == 0 {
			if wrong := (pattern{generation: sure}).look(buf, block); wrong != "" {
				return fmt.Errorf("acknowledged block %d %s", block, wrong)
			}
			continue
		}
		delete(b.begun, block) // whatever it is, it is written anew before it counts again
		delete(b.sure, block)
		may := func(writing uint64) bool { return isOf(buf, block, writing) }
		if sure != 0 && !may(sure) && !slices.ContainsFunc(begun, may) {
			return fmt.Errorf("block %d, last acknowledged as writing %d, and written since as %v, %s",
				block, sure, begun, pattern{generation: sure}.look(buf, block))
		}
	}
	return nil
}

// isOf tells whether a block is of a writing, or a part of it is.
func isOf(buf []byte, block, writing uint64) bool {
	wrong := pattern{generation: writing}.look(buf, block)
	return wrong == "" || wrong == torn
}
