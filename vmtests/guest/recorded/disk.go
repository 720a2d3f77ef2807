// SPDX-License-Identifier: BSD-3-Clause

package recorded

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Disk is a disk with a volatile cache.
type Disk struct {
	Number int // in the log
	Size   int64

	log     *Log
	mu      sync.Mutex
	content content
	shut    int64                // from here on all reads and writes wait, or it is open
	waiting []func()             // what has come there
	late    func() time.Duration // how late it answers writes and flushes
	changes int                  // the writes and flushes that it was told
	failing map[uint16]int       // how many of the next requests fail, by their command

	attached
}

// NewDisk returns an empty disk of so many bytes, which tells a log.
func NewDisk(number int, size int64, log *Log) *Disk {
	return &Disk{
		Number: number, Size: size, log: log, content: newContent(), shut: nowhere,
		late:    func() time.Duration { return 0 },
		failing: map[uint16]int{},
	}
}

// FailReads has as many of the reads fail that come next, with EIO, and those after them not.
func (d *Disk) FailReads(n int) { d.failNext(cmdRead, n) }

// FailWrites does that with writes.
func (d *Disk) FailWrites(n int) { d.failNext(cmdWrite, n) }

func (d *Disk) failNext(command uint16, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing[command] = n
}

// Failing returns how many reads and writes are still to fail.
func (d *Disk) Failing() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failing[cmdRead] + d.failing[cmdWrite]
}

// fails reports whether a request that has come is one to fail.
func (d *Disk) fails(command uint16) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failing[command] == 0 {
		return false
	}
	d.failing[command]--
	return true
}

// Answer sets how late the disk answers writes and flushes from now on: there must be time in which a
// request is under way, or nobody sees who does not wait for it.
func (d *Disk) Answer(late func() time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.late = late
}

// Keep has what is on the disk stay there, whatever [Disk.Revert] does.
func (d *Disk) Keep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.content.keep()
}

// Revert takes back all that was written since [Disk.Keep].
func (d *Disk) Revert() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.content.over)
}

// Write writes to the disk past the kernel and the log.
func (d *Disk) Write(data []byte, offset int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.content.write(data, offset)
}

// Read reads the disk past the kernel.
func (d *Disk) Read(data []byte, offset int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.content.read(data, offset)
}

// nowhere is where a disk is shut that is open.
const nowhere = math.MaxInt64

// Shut has all reads and writes wait that come from now on, but for those before an offset.
func (d *Disk) Shut(from int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = from
}

// Open ends that.
func (d *Disk) Open() {
	d.mu.Lock()
	d.shut = nowhere
	d.mu.Unlock()
	d.LetPass()
}

// LetPass has what waits go on, and what comes then wait, if the disk is shut.
func (d *Disk) LetPass() {
	d.mu.Lock()
	waiting := d.waiting
	d.waiting = nil
	d.mu.Unlock()
	for _, do := range waiting {
		do()
	}
}

// Waiting returns how many requests wait because the disk is shut.
func (d *Disk) Waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}

// Changes returns how many writes and flushes the disk has been told.
func (d *Disk) Changes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changes
}

// whenOpen does something that is about an offset, or has it wait.
func (d *Disk) whenOpen(offset int64, do func()) {
	d.mu.Lock()
	if offset >= d.shut {
		d.waiting = append(d.waiting, do)
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	do()
}

// write does a write request, and has its end told.
func (d *Disk) write(data []byte, offset int64, fua bool, answer func()) {
	n := d.log.add(Event{Kind: WriteBegun, Disk: d.Number, Offset: offset, Data: slices.Clone(data), FUA: fua})
	d.Write(data, offset)
	d.soon(func() {
		d.log.end(WriteEnded, d.Number, n)
		answer()
	})
}

// flush does a flush request, and has its end told.
func (d *Disk) flush(answer func()) {
	n := d.log.add(Event{Kind: FlushBegun, Disk: d.Number})
	d.soon(func() {
		d.log.end(FlushEnded, d.Number, n)
		answer()
	})
}

// soon does something when the disk is to answer a write or a flush.
func (d *Disk) soon(do func()) {
	d.mu.Lock()
	late := d.late()
	d.changes++
	d.mu.Unlock()
	if late == 0 {
		do()
		return
	}
	time.AfterFunc(late, do)
}
