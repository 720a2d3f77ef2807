// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// Writers of an array on a machine that is killed, and the blocks of each.
const (
	writersEach = 2
	ownBlocks   = 96
)

// writer writes blocks of its own, one after the other and round and round, each made
// durable, and then enters its number in the ledger: block n%ownBlocks with writing n.
// So one number says what must be on the array, and which block alone may be of the
// writing after.
type writer struct {
	node   string
	ledger string
	entry  int64  // of the ledger, in bytes
	first  uint64 // block of the array
	acked  uint64 // the last writing that is durable, 0 for none
}

// newWriter returns the writer with this number of the array, with that entry of the ledger.
func newWriter(node, ledger string, entry, number int) *writer {
	return &writer{node: node, ledger: ledger, entry: int64(entry) * array.BlockSize, first: uint64(number * ownBlocks)}
}

// block returns the block that a writing goes to.
func (w *writer) block(writing uint64) uint64 { return w.first + writing%ownBlocks }

// read reads how far the ledger says the writer had come. An entry is the number, and
// its checksum.
func (w *writer) read() error {
	f, err := array.OpenDirect(w.ledger, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := array.Aligned(array.BlockSize)
	defer unix.Munmap(buf)
	if _, err := f.ReadAt(buf, w.entry); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	w.acked = binary.LittleEndian.Uint64(buf)
	if sum := binary.LittleEndian.Uint32(buf[8:]); w.acked != 0 && sum != crc32.ChecksumIEEE(buf[:8]) {
		return fmt.Errorf("the ledger's entry at %d is torn", w.entry)
	}
	return nil
}

// enter enters a number.
func (w *writer) enter(f *os.File, buf []byte, writing uint64) error {
	binary.LittleEndian.PutUint64(buf, writing)
	binary.LittleEndian.PutUint32(buf[8:], crc32.ChecksumIEEE(buf[:8]))
	if _, err := f.WriteAt(buf, w.entry); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	w.acked = writing
	return nil
}

// work writes until ctx ends, and calls first when the first writing is durable.
func (w *writer) work(ctx context.Context, first func()) error {
	device, err := array.OpenDirect(w.node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer device.Close()
	ledger, err := array.OpenDirect(w.ledger, os.O_WRONLY)
	if err != nil {
		return err
	}
	defer ledger.Close()
	block, entry := array.Aligned(array.BlockSize), array.Aligned(array.BlockSize)
	defer unix.Munmap(block)
	defer unix.Munmap(entry)
	for n := 0; ctx.Err() == nil; n++ {
		if err := w.write(device, block, w.acked+1); err != nil {
			return err
		}
		if err := w.enter(ledger, entry, w.acked+1); err != nil {
			return err
		}
		if n == 0 {
			first()
		}
	}
	return nil
}

// write makes one writing durable.
func (w *writer) write(device *os.File, buf []byte, writing uint64) error {
	n := w.block(writing)
	array.Pattern{Generation: writing}.Fill(buf, n)
	if _, err := device.WriteAt(buf, int64(n)*array.BlockSize); err != nil {
		return fmt.Errorf("write block %d: %w", n, err)
	}
	if err := device.Sync(); err != nil {
		return fmt.Errorf("fsync after block %d: %w", n, err)
	}
	return nil
}

// lostBlock is a block that is not as it must be.
type lostBlock struct {
	block, writing uint64
	is             string
}

// look reads all blocks that were acknowledged. The one that was being written may be
// of either writing, or torn.
func (w *writer) look() (lost []lostBlock, looked int, err error) {
	f, err := array.OpenDirect(w.node, os.O_RDONLY)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	buf := array.Aligned(array.BlockSize)
	defer unix.Munmap(buf)
	for writing := w.oldest(); writing <= w.acked; writing++ {
		n := w.block(writing)
		if _, err := f.ReadAt(buf, int64(n)*array.BlockSize); err != nil {
			return nil, 0, fmt.Errorf("read block %d: %w", n, err)
		}
		looked++
		if n == w.block(w.acked+1) && (array.IsOf(buf, n, writing) || array.IsOf(buf, n, w.acked+1)) {
			continue
		}
		if wrong := (array.Pattern{Generation: writing}).Inspect(buf, n); wrong != "" {
			lost = append(lost, lostBlock{n, writing, wrong})
		}
	}
	return lost, looked, nil
}

// oldest returns the first writing that nothing has been written over.
func (w *writer) oldest() uint64 {
	if w.acked < ownBlocks {
		return 1
	}
	return w.acked - ownBlocks + 1
}

// mend writes blocks anew.
func (w *writer) mend(lost []lostBlock) error {
	if len(lost) == 0 {
		return nil
	}
	f, err := array.OpenDirect(w.node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := array.Aligned(array.BlockSize)
	defer unix.Munmap(buf)
	for _, l := range lost {
		if err := w.write(f, buf, l.writing); err != nil {
			return err
		}
	}
	return nil
}
