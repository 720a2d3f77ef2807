// SPDX-License-Identifier: BSD-3-Clause

package recorded

import (
	"slices"
	"sync"
)

// Kind is what an event of a log is about.
type Kind int

// What disks are told and answer, and what a workload has begun and knows to be done.
const (
	WriteBegun Kind = iota // a disk was told to write
	WriteEnded             // and has said that it has
	FlushBegun             // a disk was told to flush its cache
	FlushEnded             // and has said that it has
	BlockBegun             // the workload begins to write a block
	BlockSure              // its fsync has returned
	blank                  // what a log has left out
)

// Event is an event of a log.
type Event struct {
	Kind   Kind
	Disk   int    // of a request
	Of     int    // of an end: the event that it is the end of
	Offset int64  // of a write, in bytes
	Data   []byte // of a write, or of a block that begins to be written
	FUA    bool   // of a write: when it ends, it is not in the cache alone

	Block, Writing uint64 // of the workload
}

// Log has the events of several disks and of the workload in the order in which they were.
type Log struct {
	mu     sync.Mutex
	on     bool
	events []Event
}

// Start begins the log: what was before is of no interest.
func (l *Log) Start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on, l.events = true, nil
}

// Stop ends it, and returns what it has.
func (l *Log) Stop() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = false
	return slices.Clone(l.events)
}

// none is the number of an event that is not in the log.
const none = -1

// add adds an event, and returns its number.
func (l *Log) add(e Event) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.on {
		return none
	}
	l.events = append(l.events, e)
	return len(l.events) - 1
}

// end adds the end of a request, if its beginning is there.
func (l *Log) end(kind Kind, disk, of int) {
	if of != none {
		l.add(Event{Kind: kind, Disk: disk, Of: of})
	}
}

// Begin notes that a block is to be written, and with what.
func (l *Log) Begin(block, writing uint64, data []byte) {
	l.add(Event{Kind: BlockBegun, Block: block, Writing: writing, Data: slices.Clone(data)})
}

// Sure notes that it must be there from now on.
func (l *Log) Sure(block, writing uint64) {
	l.add(Event{Kind: BlockSure, Block: block, Writing: writing})
}
