// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A pattern describes itself: every block of 4 KiB has its number and the number of its
// writing in it, and the rest of it is a piece of one and the same noise that both select, so
// that a block found elsewhere, a torn one and one from before are told apart. It has no
// checksum: with CRC-32C, of which QEMU emulates the instruction bit by bit, this program
// took four times the CPU time.
const (
	BlockSize = 4096
	RunBlocks = 16 // written at once
	maxRuns   = 96 // spread over the device
	magic     = 0x6d646c6966653035
	headSize  = 24 // magic, number and writing
	bodySize  = BlockSize - headSize
	bodies    = 1 << 18 // places in the noise at which one can begin
)

// noise is what the blocks' bodies are pieces of.
var noise = sync.OnceValue(func() []byte {
	all := make([]byte, bodies+bodySize)
	_, _ = rand.NewChaCha8([32]byte{}).Read(all) // never fails
	return all
})

// Torn is what [Pattern.Inspect] returns for a block whose body does not belong to its head.
const Torn = "is torn, or changed"

// Pattern is what was written to a device. The zero value is a device that was not written
// to yet.
type Pattern struct {
	Generation uint64 // the number of the last writing
	Size       int64  // of the device when it was written
	Parts      int    // in how many parts its runs are dealt out, 0: it has all
	Part       int    // which of them is this
}

// Fill makes block number n.
func (p Pattern) Fill(block []byte, n uint64) {
	copy(block[headSize:], p.body(n))
	binary.LittleEndian.PutUint64(block[0:], magic)
	binary.LittleEndian.PutUint64(block[8:], n)
	binary.LittleEndian.PutUint64(block[16:], p.Generation)
}

// body is what block number n has behind its head. That of another block of an array, or of
// one of its next writings, begins elsewhere in the noise.
func (p Pattern) body(n uint64) []byte {
	at := ((n+1)*0x9e3779b97f4a7c15 + p.Generation*0xbf58476d1ce4e5b9) >> 32 % bodies
	return noise()[at:][:bodySize]
}

// Inspect returns what is wrong with block number n, "" for nothing.
func (p Pattern) Inspect(block []byte, n uint64) string {
	switch {
	case binary.LittleEndian.Uint64(block[0:]) != magic:
		return "is no block of ours"
	case binary.LittleEndian.Uint64(block[8:]) != n:
		return fmt.Sprintf("is block %d", binary.LittleEndian.Uint64(block[8:]))
	case binary.LittleEndian.Uint64(block[16:]) != p.Generation:
		return fmt.Sprintf("is of writing %d, not %d", binary.LittleEndian.Uint64(block[16:]), p.Generation)
	case !bytes.Equal(block[headSize:], p.body(n)):
		return Torn
	}
	return ""
}

// runs are the first blocks of what is written: runs of [RunBlocks] from the
// device's beginning to its end, but for those that are the company's.
func (p Pattern) runs() []uint64 {
	blocks := uint64(p.Size / BlockSize)
	all := blocks / RunBlocks
	n := min(all, maxRuns)
	var starts []uint64
	for i := range n {
		start := i * (all - 1) / max(n-1, 1) * RunBlocks
		if (p.Parts == 0 || int(i)%p.Parts == p.Part) && !isCompanys(start) {
			starts = append(starts, start)
		}
	}
	return starts
}

// Write writes the pattern anew past the page cache and makes it durable.
func (p *Pattern) Write(node string) error {
	f, err := OpenDirect(node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	return Steps(func() error { return p.writeTo(f) }, f.Sync)
}

// writeBuffered leaves the pattern in the page cache, which the last close would
// write back: the file stays open.
func (p *Pattern) writeBuffered(node string) (*os.File, error) {
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return f, p.writeTo(f)
}

func (p *Pattern) writeTo(f *os.File) (err error) {
	p.Generation++
	if p.Size, err = f.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	buf := Aligned(RunBlocks * BlockSize)
	defer unix.Munmap(buf)
	for _, start := range p.runs() {
		for i := range uint64(RunBlocks) {
			p.Fill(buf[i*BlockSize:][:BlockSize], start+i)
		}
		if _, err := f.WriteAt(buf, int64(start)*BlockSize); err != nil {
			return fmt.Errorf("write at block %d: %w", start, err)
		}
	}
	return nil
}

// Verify reads the pattern past the page cache: all of it must be as it was written. The error says
// which block is the first that is not, and how many are not.
func (p Pattern) Verify(node string) error {
	var first error
	n := 0
	err := p.each(node, func(block uint64, wrong string) error {
		if n++; first == nil {
			first = fmt.Errorf("block %d %s", block, wrong)
		}
		return nil
	})
	switch {
	case first == nil:
		return err
	case err != nil:
		return errors.Join(first, err)
	case n > 1:
		return fmt.Errorf("%w; %d blocks are wrong", first, n)
	}
	return first
}

// Damage reads all of the pattern, and returns what is wrong with which block.
func (p Pattern) Damage(node string) (map[uint64]string, error) {
	all := map[uint64]string{}
	err := p.each(node, func(block uint64, wrong string) error {
		all[block] = wrong
		return nil
	})
	return all, err
}

// each reads the pattern, and calls f with each block that something is wrong with.
func (p Pattern) each(node string, f func(block uint64, wrong string) error) error {
	return p.eachBlock(node, func(n uint64, block []byte) error {
		if wrong := p.Inspect(block, n); wrong != "" {
			return f(n, wrong)
		}
		return nil
	})
}

// eachBlock reads the pattern, and calls f with each block.
func (p Pattern) eachBlock(node string, f func(n uint64, block []byte) error) error {
	file, err := OpenDirect(node, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	buf := Aligned(RunBlocks * BlockSize)
	defer unix.Munmap(buf)
	for _, start := range p.runs() {
		if _, err := file.ReadAt(buf, int64(start)*BlockSize); err != nil {
			return fmt.Errorf("read at block %d: %w", start, err)
		}
		for i := range uint64(RunBlocks) {
			if err := f(start+i, buf[i*BlockSize:][:BlockSize]); err != nil {
				return err
			}
		}
	}
	return nil
}

// CountUnreadable reads the pattern block by block, and counts the blocks that get an I/O
// error. All that can be read must be right.
func (p Pattern) CountUnreadable(node string) (n int, err error) {
	blocks, err := p.Unreadable(node)
	return len(blocks), err
}

// Unreadable reads the pattern block by block, and returns the blocks that get an I/O error. All
// that can be read must be right.
func (p Pattern) Unreadable(node string) (blocks []uint64, err error) {
	file, err := OpenDirect(node, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	buf := Aligned(BlockSize)
	defer unix.Munmap(buf)
	for _, start := range p.runs() {
		for block := start; block < start+RunBlocks; block++ {
			_, err := file.ReadAt(buf, int64(block)*BlockSize)
			if errors.Is(err, unix.EIO) {
				blocks = append(blocks, block)
				continue
			}
			if err != nil {
				return blocks, fmt.Errorf("read at block %d: %w", block, err)
			}
			if wrong := p.Inspect(buf, block); wrong != "" {
				return blocks, fmt.Errorf("block %d %s", block, wrong)
			}
		}
	}
	return blocks, nil
}

// identify returns which block of the pattern this is.
func (p Pattern) identify(block []byte) (n uint64, ours bool) {
	n = binary.LittleEndian.Uint64(block[8:])
	return n, p.Inspect(block, n) == ""
}

// IsOf reports whether a block is of a writing, or a part of it is.
func IsOf(buf []byte, block, writing uint64) bool {
	wrong := Pattern{Generation: writing}.Inspect(buf, block)
	return wrong == "" || wrong == Torn
}
