// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/vmtests/guest/array"
)

// ledger says what must be there: of each block, the last writing that was acknowledged,
// and those that were begun since.
type ledger struct {
	mu       sync.Mutex
	last     uint64 // number of the last writing, of any block
	sure     map[uint64]uint64
	begun    map[uint64][]uint64
	acked    int
	fresh    bool // something was acknowledged since the power is on
	closed   bool // the power is going: nobody hears of an fsync that returns
	writings [writers]uint64
}

func newLedger() *ledger {
	return &ledger{sure: map[uint64]uint64{}, begun: map[uint64][]uint64{}}
}

// begin notes that a block is to be written.
func (l *ledger) begin(block uint64) (writing uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	l.begun[block] = append(l.begun[block], l.last)
	return l.last
}

// end notes that it is on the disks.
func (l *ledger) end(block, writing uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.sure[block] = writing
		l.begun[block] = nil // a writer has its own blocks: this was the only one
		l.acked++
		l.fresh = true
	}
}

// close comes before the power goes. From then on an fsync can return without an
// error for data that are lost: md does not pass on that a member's flush has failed.
func (l *ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// open begins another life.
func (l *ledger) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed, l.fresh = false, false
}

// waitForAck waits until something is acknowledged.
func (l *ledger) waitForAck(ctx context.Context) error {
	err := wait.Until(ctx, ackLimit, time.Millisecond, func() (bool, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.fresh, nil
	})
	if err != nil {
		return fmt.Errorf("no write was acknowledged: %w", err)
	}
	return nil
}

// audit reads every block. What is found counts from then on.
func (l *ledger) audit(node string) error {
	f, err := array.OpenDirect(node, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := array.Aligned(array.BlockSize)
	defer unix.Munmap(buf)
	for block := range l.begun {
		if _, err := f.ReadAt(buf, int64(block)*array.BlockSize); err != nil {
			return fmt.Errorf("read block %d: %w", block, err)
		}
		if err := l.auditBlock(buf, block); err != nil {
			return err
		}
	}
	return nil
}

// auditBlock judges a block. One that was written since the last acknowledgement may be of
// any of these writings, or of the one before, or torn: one that comes back when the power
// is going is not acknowledged, and the next follows. All others are as acknowledged.
func (l *ledger) auditBlock(buf []byte, block uint64) error {
	sure, begun := l.sure[block], l.begun[block]
	wrong := array.Pattern{Generation: sure}.Inspect(buf, block)
	if len(begun) == 0 {
		if wrong != "" {
			return fmt.Errorf("acknowledged block %d %s", block, wrong)
		}
		return nil
	}
	delete(l.begun, block) // whatever it is, it is written anew before it counts again
	delete(l.sure, block)
	may := func(writing uint64) bool { return array.IsOf(buf, block, writing) }
	if sure != 0 && !may(sure) && !slices.ContainsFunc(begun, may) {
		return fmt.Errorf("block %d, last acknowledged as writing %d, and written since as %v, %s", block, sure, begun, wrong)
	}
	return nil
}
