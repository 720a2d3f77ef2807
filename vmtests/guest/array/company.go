// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// Company says what is done with the array beside what a scenario does with it: blocks of their own are
// written and read again, direct and through the page cache, some with an fsync. Whatever is read must be
// what was written last.
type Company int

// What is done beside a scenario.
const (
	ReadsAndWrites Company = iota // none may fail where the array has redundancy
	MayFail                       // reads and writes, where the scenario loses more than the array can do without
	ReadsOnly                     // where a write would change what the scenario is about; none may fail
	NoCompany                     // where the scenario writes everywhere, or counts each request
)

// Every eighth group of blocks is the company's; the pattern leaves it out.
const (
	groupBlocks  = RunBlocks
	groupsPeriod = 8
	ownGroup     = 5
)

// isCompanys reports whether a block is written by the company, and not by the pattern.
func isCompanys(block uint64) bool { return block/groupBlocks%groupsPeriod == ownGroup }

// company does the reads and writes, some each time that the opener looks.
type company struct {
	kind    Company
	strict  bool        // no I/O may fail
	quiet   atomic.Bool // it only reads
	rng     *rand.Rand
	doing   func() string     // what the scenario does
	written map[uint64]uint64 // the writing that each block is of
	last    uint64            // writing
	ios     int
	wrong   error // the first
}

// StartCompany has reads and writes be made beside what happens to the array from now on.
func (a *Array) StartCompany(kind Company) {
	c := &company{
		kind: kind, strict: kind != MayFail && a.Personality.Redundant(), doing: a.Doing,
		rng:     rand.New(rand.NewPCG(a.Rand.Uint64(), a.Rand.Uint64())),
		written: map[uint64]uint64{},
	}
	a.opener.looks.Lock()
	defer a.opener.looks.Unlock()
	a.opener.company = c
}

// forgetCompany has the company not expect what was written to the array before: it is made anew.
func (a *Array) forgetCompany() {
	if a.opener == nil || a.opener.company == nil {
		return
	}
	a.opener.looks.Lock()
	defer a.opener.looks.Unlock()
	clear(a.opener.company.written)
}

// quiet has the company write nothing while it is waited for something.
func (a *Array) quiet(wait func() error) error {
	if a.opener == nil || a.opener.company == nil {
		return wait()
	}
	a.opener.company.quiet.Store(true)
	defer a.opener.company.quiet.Store(false)
	return wait()
}

// visit writes some blocks, and reads some. An error from an open is the opener's to count.
func (c *company) visit(node string) error {
	if c.kind == NoCompany || c.wrong != nil {
		return nil
	}
	flags := unix.O_RDWR
	if c.kind == ReadsOnly {
		flags = unix.O_RDONLY
	}
	direct := c.rng.IntN(3) > 0
	if direct {
		flags |= unix.O_DIRECT
	}
	fd, err := md.Open(node, flags)
	switch {
	case errors.Is(err, unix.EROFS) || errors.Is(err, unix.EACCES):
		return nil // the scenario has it be read-only
	case err != nil:
		return err
	}
	f := os.NewFile(uintptr(fd), node)
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 { // no array
		return nil
	}
	if err := c.exchange(f, uint64(size)/BlockSize, direct); err != nil {
		c.wrong = fmt.Errorf("beside %q: %w", c.doing(), err)
	}
	return nil
}

// exchange makes one read and one write.
func (c *company) exchange(f *os.File, blocks uint64, direct bool) error {
	buf := Aligned(groupBlocks * BlockSize)
	defer unix.Munmap(buf)
	for block := range c.written { // the array has become smaller
		if block >= blocks {
			delete(c.written, block)
		}
	}
	first, n := c.choose(blocks)
	if n == 0 {
		return nil
	}
	if err := c.read(f, buf[:n*BlockSize], first); err != nil || c.kind == ReadsOnly || c.quiet.Load() {
		return err
	}
	first, n = c.choose(blocks)
	return c.write(f, buf[:n*BlockSize], first, !direct || c.rng.IntN(8) == 0)
}

// choose returns some blocks, in one group.
func (c *company) choose(blocks uint64) (first uint64, n int) {
	groups := (blocks/groupBlocks + groupsPeriod - 1 - ownGroup) / groupsPeriod
	if groups == 0 {
		return 0, 0
	}
	group := c.rng.Uint64N(groups)*groupsPeriod + ownGroup
	at := c.rng.IntN(groupBlocks)
	return group*groupBlocks + uint64(at), 1 + c.rng.IntN(min(4, groupBlocks-at))
}

// read reads blocks: those that were written before must be as they were.
func (c *company) read(f *os.File, buf []byte, first uint64) error {
	if _, err := f.ReadAt(buf, int64(first)*BlockSize); err != nil {
		return c.failed(fmt.Errorf("read at block %d: %w", first, err))
	}
	c.ios++
	for i := range uint64(len(buf) / BlockSize) {
		writing := c.written[first+i]
		if writing == 0 {
			continue
		}
		if wrong := (Pattern{Generation: writing}).Inspect(buf[i*BlockSize:][:BlockSize], first+i); wrong != "" {
			return fmt.Errorf("block %d %s", first+i, wrong)
		}
	}
	return nil
}

// write writes blocks, and has them made durable if it is to.
func (c *company) write(f *os.File, buf []byte, first uint64, durable bool) error {
	c.last++
	for i := range uint64(len(buf) / BlockSize) {
		Pattern{Generation: c.last}.Fill(buf[i*BlockSize:][:BlockSize], first+i)
		delete(c.written, first+i) // if it fails, nobody knows what is there
	}
	_, err := f.WriteAt(buf, int64(first)*BlockSize)
	if errors.Is(err, unix.EPERM) {
		return nil // the scenario has it be read-only meanwhile
	}
	if err == nil && durable {
		err = f.Sync()
	}
	if err != nil {
		return c.failed(fmt.Errorf("write at block %d: %w", first, err))
	}
	c.ios++
	for i := range uint64(len(buf) / BlockSize) {
		c.written[first+i] = c.last
	}
	return nil
}

// failed returns the error of an I/O, if none may fail.
func (c *company) failed(err error) error {
	if c.strict {
		return err
	}
	return nil
}
