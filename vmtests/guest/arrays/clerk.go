// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"

	"golang.org/x/sys/unix"
)

// Writers of an array on a machine that is killed, and the blocks of each.
const (
	clerksEach = 2
	clerkSpan  = 96
)

// clerk writes blocks of its own, one after the other and round and round, each made
// durable, and then enters its number in the ledger: block n%clerkSpan with writing n.
// So one number says what must be on the array, and which block alone may be of the
// writing after.
type clerk struct {
	node   string
	ledger string
	entry  int64  // of the ledger, in bytes
	first  uint64 // block of the array
	acked  uint64 // the last writing that is durable, 0 for none
}

// newClerk is writer number w of the array, with that entry of the ledger.
func newClerk(node, ledger string, entry, w int) *clerk {
	return &clerk{node: node, ledger: ledger, entry: int64(entry) * blockSize, first: uint64(w * clerkSpan)}
}

// block is where a writing goes.
func (c *clerk) block(writing uint64) uint64 { return c.first + writing%clerkSpan }

// read reads how far the ledger says the clerk had come. An entry is the number, and
// its checksum.
func (c *clerk) read() error {
	f, err := openDirect(c.ledger, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	if _, err := f.ReadAt(buf, c.entry); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	c.acked = binary.LittleEndian.Uint64(buf)
	if sum := binary.LittleEndian.Uint32(buf[8:]); c.acked != 0 && sum != crc32.ChecksumIEEE(buf[:8]) {
		return fmt.Errorf("the ledger's entry at %d is torn", c.entry)
	}
	return nil
}

// enter enters a number.
func (c *clerk) enter(f *os.File, buf []byte, writing uint64) error {
	binary.LittleEndian.PutUint64(buf, writing)
	binary.LittleEndian.PutUint32(buf[8:], crc32.ChecksumIEEE(buf[:8]))
	if _, err := f.WriteAt(buf, c.entry); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	c.acked = writing
	return nil
}

// work writes until ctx ends, and calls first when the first writing is durable.
func (c *clerk) work(ctx context.Context, first func()) error {
	array, err := openDirect(c.node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer array.Close()
	ledger, err := openDirect(c.ledger, os.O_WRONLY)
	if err != nil {
		return err
	}
	defer ledger.Close()
	block, entry := aligned(blockSize), aligned(blockSize)
	defer unix.Munmap(block)
	defer unix.Munmap(entry)
	for n := 0; ctx.Err() == nil; n++ {
		if err := c.write(array, block, c.acked+1); err != nil {
			return err
		}
		if err := c.enter(ledger, entry, c.acked+1); err != nil {
			return err
		}
		if n == 0 {
			first()
		}
	}
	return nil
}

// write makes one writing durable.
func (c *clerk) write(array *os.File, buf []byte, writing uint64) error {
	n := c.block(writing)
	pattern{generation: writing}.fill(buf, n)
	if _, err := array.WriteAt(buf, int64(n)*blockSize); err != nil {
		return fmt.Errorf("write block %d: %w", n, err)
	}
	if err := array.Sync(); err != nil {
		return fmt.Errorf("fsync after block %d: %w", n, err)
	}
	return nil
}

// lostBlock is one that is not what it must be.
type lostBlock struct {
	block, writing uint64
	is             string
}

// look reads all blocks that were acknowledged. The one that was being written may be
// of either writing, or torn.
func (c *clerk) look() (lost []lostBlock, looked int, err error) {
	f, err := openDirect(c.node, os.O_RDONLY)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	for writing := c.oldest(); writing <= c.acked; writing++ {
		n := c.block(writing)
		if _, err := f.ReadAt(buf, int64(n)*blockSize); err != nil {
			return nil, 0, fmt.Errorf("read block %d: %w", n, err)
		}
		looked++
		if n == c.block(c.acked+1) && (isOf(buf, n, writing) || isOf(buf, n, c.acked+1)) {
			continue
		}
		if wrong := (pattern{generation: writing}).look(buf, n); wrong != "" {
			lost = append(lost, lostBlock{n, writing, wrong})
		}
	}
	return lost, looked, nil
}

// oldest is the first writing that nothing has been written over.
func (c *clerk) oldest() uint64 {
	if c.acked < clerkSpan {
		return 1
	}
	return c.acked - clerkSpan + 1
}

// mend writes blocks anew.
func (c *clerk) mend(lost []lostBlock) error {
	if len(lost) == 0 {
		return nil
	}
	f, err := openDirect(c.node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	for _, l := range lost {
		if err := c.write(f, buf, l.writing); err != nil {
			return err
		}
	}
	return nil
}
