// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// BlockIO are reads and writes of blocks of the pattern, each on a thread of its own, which may have to wait.
type BlockIO []*Call

// ReadBlocks begins to read blocks of the array, past the page cache or through it. Each read
// fails that returns anything but its block.
func (a *Array) ReadBlocks(direct bool, blocks ...uint64) (reads BlockIO) {
	how := "buffered"
	if direct {
		how = "direct"
	}
	for _, block := range blocks {
		reads = append(reads, Begin(fmt.Sprintf("%s read of block %d", how, block), func() error {
			return a.Data.verifyBlock(a.Dev(), direct, block)
		}))
	}
	return reads
}

// verifyBlock reads one block.
func (p Pattern) verifyBlock(node string, direct bool, block uint64) error {
	flags := os.O_RDONLY
	if direct {
		flags |= unix.O_DIRECT
	}
	f, err := os.OpenFile(node, flags, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	// Read ahead, the block would be another reader's.
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_RANDOM); err != nil {
		return err
	}
	buf := Aligned(BlockSize)
	defer unix.Munmap(buf)
	if _, err := f.ReadAt(buf, int64(block)*BlockSize); err != nil {
		return err
	}
	if wrong := p.Inspect(buf, block); wrong != "" {
		return errors.New(wrong)
	}
	return nil
}

// RewriteBlocks begins to write blocks of the pattern once more, as they are, past the page cache.
func (a *Array) RewriteBlocks(blocks ...uint64) (writes BlockIO) {
	for _, block := range blocks {
		writes = append(writes, Begin(fmt.Sprintf("write of block %d", block), func() error {
			return a.Data.WriteBlock(a.Dev(), block)
		}))
	}
	return writes
}

// RewriteSync does that with a block that is on the media when the write has returned.
func (a *Array) RewriteSync(block uint64) BlockIO {
	return BlockIO{Begin(fmt.Sprintf("synchronous write of block %d", block), func() error {
		return a.Data.writeBlock(a.Dev(), block, unix.O_DSYNC)
	})}
}

// WriteBlock writes one block, past the page cache.
func (p Pattern) WriteBlock(node string, block uint64) error { return p.writeBlock(node, block, 0) }

func (p Pattern) writeBlock(node string, block uint64, flags int) error {
	buf := Aligned(BlockSize)
	defer unix.Munmap(buf)
	p.Fill(buf, block)
	f, err := OpenDirect(node, os.O_RDWR|flags)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(buf, int64(block)*BlockSize)
	return err
}

// AllWait waits until each has returned or waits in the kernel, and fails if one has returned.
func (a *Array) AllWait(all BlockIO) error {
	if err := a.Held(all...); err != nil {
		return err
	}
	for _, c := range all {
		if c.Over() {
			return errors.Join(fmt.Errorf("%s did not wait", c.what), c.err)
		}
	}
	return nil
}

// CPUTime returns how much time of a CPU they have taken so far that have not returned.
func (all BlockIO) CPUTime() (sum time.Duration, err error) {
	for _, c := range all {
		if c.Over() {
			continue
		}
		took, err := c.CPUTime()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has ended meanwhile
		}
		if err != nil {
			return 0, err
		}
		sum += took
	}
	return sum, nil
}

// End waits for all, and returns an error that names the first that failed and how many did.
func (all BlockIO) End() error {
	var wrong []string
	for _, c := range all {
		err := c.End(CallLimit)
		if errors.Is(err, ErrHangs) {
			return err
		}
		if err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d of %d are wrong: %s", len(wrong), len(all), strings.Join(wrong[:min(len(wrong), 3)], "; "))
	}
	return nil
}

// BeOwn has what is written from now on be of a generation of this test case's own: members have
// blocks of others on them.
func (a *Array) BeOwn() error {
	a.Data.Generation = 1<<30 + uint64(a.Rand.Int32N(1<<30))
	return nil
}

// SomeBlocks returns n blocks of the pattern, at random.
func (a *Array) SomeBlocks(n int) (blocks []uint64) {
	starts := a.Data.runs()
	for range n {
		blocks = append(blocks, starts[a.Rand.IntN(len(starts))]+uint64(a.Rand.IntN(RunBlocks)))
	}
	return blocks
}

// FirstBlocks returns the first n blocks, all of which are of the pattern.
func FirstBlocks(n int) (blocks []uint64) {
	for i := range min(n, RunBlocks) {
		blocks = append(blocks, uint64(i))
	}
	return blocks
}

// DropCache has the page cache forget what it knows of the array.
func (a *Array) DropCache() error {
	f, err := os.Open(a.Dev())
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetInt(int(f.Fd()), unix.BLKFLSBUF, 0)
}
