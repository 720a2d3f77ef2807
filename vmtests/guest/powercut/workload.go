// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/recorded"
)

// How much is written while it is recorded. The blocks are few, so that they can all be read again
// hundreds of times.
const (
	zone       = 96 // blocks, from the array's beginning
	alone      = 8  // writings of one writer alone, of which all that a disk may lose can be tried
	together   = 3  // writers at once
	eachWrites = 3  // writings of each
	longestRun = 4  // blocks that are written at once
)

// workload writes blocks, and tells a log of it.
type workload struct {
	log     *recorded.Log
	file    *os.File
	rng     *rand.Rand
	writing atomic.Uint64 // the last one
}

// begin writes all blocks for the first time, and returns which writing each is of.
func (w *workload) begin() (first map[uint64]uint64, err error) {
	first = map[uint64]uint64{}
	for at := uint64(0); at < zone; at += longestRun {
		writing, err := w.write(at, longestRun, 0)
		if err != nil {
			return nil, err
		}
		for i := range uint64(longestRun) {
			first[at+i] = writing
		}
	}
	return first, w.file.Sync()
}

// write begins a writing of n blocks from a block on, and writes them.
func (w *workload) write(block, n uint64, flags int) (writing uint64, err error) {
	buf := array.Aligned(int(n) * array.BlockSize)
	defer unix.Munmap(buf)
	writing = w.writing.Add(1)
	for i := range n {
		data := buf[i*array.BlockSize:][:array.BlockSize]
		array.Pattern{Generation: writing}.Fill(data, block+i)
		w.log.Begin(block+i, writing, data)
	}
	written, err := unix.Pwritev2(int(w.file.Fd()), [][]byte{buf}, int64(block)*array.BlockSize, flags)
	if err == nil && written != len(buf) {
		err = fmt.Errorf("%d of %d bytes", written, len(buf))
	}
	if err != nil {
		return 0, fmt.Errorf("write block %d: %w", block, err)
	}
	return writing, nil
}

// sure notes that n blocks of a writing must be there from now on.
func (w *workload) sure(block, n, writing uint64) {
	for i := range n {
		w.log.Sure(block+i, writing)
	}
}

// step is a way to write something in some blocks, from one on, and to make it durable.
type step func(w *workload, block uint64) error

// steps are all ways.
var steps = []step{writeBlock, writeRun, writeThrough, writeTwice}

// writeBlock writes a block, and makes it durable.
func writeBlock(w *workload, block uint64) error { return w.writeAndSync(block, 1) }

// writeRun does that to several.
func writeRun(w *workload, block uint64) error {
	return w.writeAndSync(block, longestRun)
}

func (w *workload) writeAndSync(block, n uint64) error {
	writing, err := w.write(block, n, 0)
	if err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("fsync after block %d: %w", block, err)
	}
	w.sure(block, n, writing)
	return nil
}

// writeThrough writes a block that is durable when the write returns.
func writeThrough(w *workload, block uint64) error {
	writing, err := w.write(block, 1, unix.RWF_DSYNC)
	if err == nil {
		w.sure(block, 1, writing)
	}
	return err
}

// writeTwice writes a block twice, and one beside it, before it makes both durable.
func writeTwice(w *workload, block uint64) error {
	if _, err := w.write(block, 1, 0); err != nil {
		return err
	}
	beside, err := w.write(block+longestRun-1, 1, 0)
	if err != nil {
		return err
	}
	if err := w.writeAndSync(block, 1); err != nil {
		return err
	}
	w.sure(block+longestRun-1, 1, beside)
	return nil
}

// writeAlone has one writer write here and there.
func (w *workload) writeAlone() error {
	for i := range alone {
		if err := steps[i%len(steps)](w, w.somewhere(0, 1)); err != nil {
			return err
		}
	}
	return nil
}

// writeTogether has several writers write at once, each to blocks of its own.
func (w *workload) writeTogether() error {
	var all errgroup.Group
	for writer := range together {
		var blocks []uint64
		for range eachWrites {
			blocks = append(blocks, w.somewhere(writer, together))
		}
		all.Go(func() error {
			for i, block := range blocks {
				if err := steps[(writer+i)%len(steps)](w, block); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// somewhere returns a block in one of so many equal parts of the zone, with room for a run behind it.
func (w *workload) somewhere(part, parts int) uint64 {
	size := zone / parts
	return uint64(part*size + w.rng.IntN(size/longestRun)*longestRun)
}
