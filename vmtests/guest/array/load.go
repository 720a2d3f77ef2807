// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Load are verified readers and writers beside what happens to an array. Each writes blocks of its
// own, which lie among those of the others, and reads them again. No I/O may fail, and each read
// must return what was written last.
type Load struct {
	all  errgroup.Group
	over atomic.Bool
	ops  atomic.Int64
}

// loadThreads is how many there are.
const loadThreads = 8

// StartLoad starts a load on the first so many blocks of the array, which the pattern must not be on, and
// somebody who looks at all arrays all the while.
func (a *Array) StartLoad(blocks int) *Load {
	l := &Load{}
	l.all.Go(l.watch)
	for i := range loadThreads {
		rng := rand.New(rand.NewPCG(a.Rand.Uint64(), uint64(i)))
		l.all.Go(func() error { return l.run(a.Dev(), i, blocks/loadThreads, rng) })
	}
	return l
}

// End ends it, and returns how many reads and writes there were, and the first that was wrong.
func (l *Load) End() (ops int64, err error) {
	l.over.Store(true)
	c := Begin("the load", l.all.Wait)
	err = c.End(CallLimit)
	return l.ops.Load(), err
}

// Ends returns the step of ending it, where there must have been some reads and writes.
func (l *Load) Ends() error {
	ops, err := l.End()
	if err == nil && ops == 0 {
		err = errors.New("the load has done nothing")
	}
	return err
}

// lookPause is between two looks at all arrays.
const lookPause = 10 * time.Millisecond

// watch reads what the kernel says of all arrays.
func (l *Load) watch() error {
	for ; !l.over.Load(); time.Sleep(lookPause) {
		if _, err := os.ReadFile("/proc/mdstat"); err != nil && !errors.Is(err, os.ErrNotExist) { // unit tests have none
			return err
		}
	}
	return nil
}

// run is one of the load's threads.
func (l *Load) run(node string, thread, blocks int, rng *rand.Rand) error {
	f, err := OpenDirect(node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := Aligned(BlockSize)
	defer unix.Munmap(buf)
	written := make([]uint64, blocks) // the generation of each block, 0 for none
	for !l.over.Load() {
		i := rng.IntN(blocks)
		block := uint64(i*loadThreads + thread)
		if written[i] == 0 || rng.IntN(2) == 0 {
			written[i]++
			Pattern{Generation: written[i]}.Fill(buf, block)
			_, err = f.WriteAt(buf, int64(block)*BlockSize)
		} else {
			err = readBack(f, buf, block, written[i])
		}
		if err != nil {
			return fmt.Errorf("block %d, writing %d: %w", block, written[i], err)
		}
		l.ops.Add(1)
	}
	return l.verify(f, buf, thread, written)
}

// verify reads all blocks of a thread.
func (l *Load) verify(f *os.File, buf []byte, thread int, written []uint64) error {
	for i, writing := range written {
		if writing == 0 {
			continue
		}
		block := uint64(i*loadThreads + thread)
		if err := readBack(f, buf, block, writing); err != nil {
			return fmt.Errorf("block %d, writing %d, in the end: %w", block, writing, err)
		}
	}
	return nil
}

// readBack reads a block, which must be of a writing.
func readBack(f *os.File, buf []byte, block, writing uint64) error {
	if _, err := f.ReadAt(buf, int64(block)*BlockSize); err != nil {
		return err
	}
	if wrong := (Pattern{Generation: writing}).Inspect(buf, block); wrong != "" {
		return errors.New("it " + wrong)
	}
	return nil
}
