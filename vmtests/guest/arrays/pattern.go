// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A pattern describes itself: every block of 4 KiB says which it is and of which
// writing, and what else is in it is that piece of one and the same noise to which both
// lead, so that one found elsewhere, torn, or from before is told apart. It has no
// checksum: with CRC-32C, of which QEMU emulates the instruction bit by bit, this program
// took four times the CPU time.
const (
	blockSize = 4096
	runBlocks = 16 // written at once
	maxRuns   = 96 // spread over the device
	magic     = 0x6d646c6966653035
	headSize  = 24 // magic, number and writing
	bodySize  = blockSize - headSize
	bodies    = 1 << 18 // places in the noise at which one can begin
)

// noise is what the blocks' bodies are pieces of.
var noise = sync.OnceValue(func() []byte {
	all := make([]byte, bodies+bodySize)
	_, _ = rand.NewChaCha8([32]byte{}).Read(all) // never fails
	return all
})

// torn is what [pattern.look] says of a block that is not what its head says.
const torn = "is torn, or changed"

// pattern is what was written to a device.
type pattern struct {
	generation uint64
	size       int64 // of the device when it was written
	parts      int   // in how many parts its runs are dealt out, 0: it has all
	part       int   // which of them is this
}

// fill makes block number n.
func (p pattern) fill(block []byte, n uint64) {
	copy(block[headSize:], p.body(n))
	binary.LittleEndian.PutUint64(block[0:], magic)
	binary.LittleEndian.PutUint64(block[8:], n)
	binary.LittleEndian.PutUint64(block[16:], p.generation)
}

// body is what block number n has behind its head. That of another block of an array, or of
// one of its next writings, begins elsewhere in the noise.
func (p pattern) body(n uint64) []byte {
	at := ((n+1)*0x9e3779b97f4a7c15 + p.generation*0xbf58476d1ce4e5b9) >> 32 % bodies
	return noise()[at:][:bodySize]
}

// look says what is wrong with block number n, "" for nothing.
func (p pattern) look(block []byte, n uint64) string {
	switch {
	case binary.LittleEndian.Uint64(block[0:]) != magic:
		return "is no block of ours"
	case binary.LittleEndian.Uint64(block[8:]) != n:
		return fmt.Sprintf("is block %d", binary.LittleEndian.Uint64(block[8:]))
	case binary.LittleEndian.Uint64(block[16:]) != p.generation:
		return fmt.Sprintf("is of writing %d, not %d", binary.LittleEndian.Uint64(block[16:]), p.generation)
	case !bytes.Equal(block[headSize:], p.body(n)):
		return torn
	}
	return ""
}

// runs are the first blocks of what is written: runs of [runBlocks] from the
// device's beginning to its end.
func (p pattern) runs() []uint64 {
	blocks := uint64(p.size / blockSize)
	all := blocks / runBlocks
	n := min(all, maxRuns)
	var starts []uint64
	for i := range n {
		if p.parts == 0 || int(i)%p.parts == p.part {
			starts = append(starts, i*(all-1)/max(n-1, 1)*runBlocks)
		}
	}
	return starts
}

// write writes the pattern past the page cache and makes it durable.
func (p *pattern) write(node string) error {
	f, err := openDirect(node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	return errors.Join(p.writeTo(f), f.Sync())
}

// writeBuffered leaves the pattern in the page cache, which the last close would
// write back: the file stays open.
func (p *pattern) writeBuffered(node string) (*os.File, error) {
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return f, p.writeTo(f)
}

func (p *pattern) writeTo(f *os.File) (err error) {
	p.generation++
	if p.size, err = f.Seek(0, 2); err != nil {
		return err
	}
	buf := aligned(runBlocks * blockSize)
	defer unix.Munmap(buf)
	for _, start := range p.runs() {
		for i := range uint64(runBlocks) {
			p.fill(buf[i*blockSize:][:blockSize], start+i)
		}
		if _, err := f.WriteAt(buf, int64(start)*blockSize); err != nil {
			return fmt.Errorf("write at block %d: %w", start, err)
		}
	}
	return nil
}

// verify reads the pattern past the page cache.
func (p pattern) verify(node string) error {
	return p.each(node, func(block uint64, wrong string) error {
		return fmt.Errorf("block %d %s", block, wrong)
	})
}

// wrong reads all of the pattern, and says what is wrong with which block.
func (p pattern) wrong(node string) (map[uint64]string, error) {
	all := map[uint64]string{}
	err := p.each(node, func(block uint64, wrong string) error {
		all[block] = wrong
		return nil
	})
	return all, err
}

// each reads the pattern, and calls f with each block that something is wrong with.
func (p pattern) each(node string, f func(block uint64, wrong string) error) error {
	file, err := openDirect(node, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	buf := aligned(runBlocks * blockSize)
	defer unix.Munmap(buf)
	for _, start := range p.runs() {
		if _, err := file.ReadAt(buf, int64(start)*blockSize); err != nil {
			return fmt.Errorf("read at block %d: %w", start, err)
		}
		for i := range uint64(runBlocks) {
			if wrong := p.look(buf[i*blockSize:][:blockSize], start+i); wrong != "" {
				if err := f(start+i, wrong); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// unread reads the pattern block by block, and counts those that get an I/O error. What
// can be read must be right.
func (p pattern) unread(node string) (n int, err error) {
	file, err := openDirect(node, os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	for _, start := range p.runs() {
		for block := start; block < start+runBlocks; block++ {
			_, err := file.ReadAt(buf, int64(block)*blockSize)
			if errors.Is(err, unix.EIO) {
				n++
				continue
			}
			if err != nil {
				return n, fmt.Errorf("read at block %d: %w", block, err)
			}
			if wrong := p.look(buf, block); wrong != "" {
				return n, fmt.Errorf("block %d %s", block, wrong)
			}
		}
	}
	return n, nil
}

// blockOf tells which block of the pattern this is.
func (p pattern) blockOf(block []byte) (n uint64, ours bool) {
	n = binary.LittleEndian.Uint64(block[8:])
	return n, p.look(block, n) == ""
}

func openDirect(node string, flags int) (*os.File, error) {
	return os.OpenFile(node, flags|unix.O_DIRECT, 0)
}

// aligned returns a buffer as O_DIRECT wants it.
func aligned(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic(errors.New("no memory for a buffer")) // the guest has nothing else to do with it
	}
	return b
}
