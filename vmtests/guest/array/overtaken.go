// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/vmtests/guest/racepoint"
)

// CutIO is a read or a write that md cuts, at a chunk or a bad block. It is held where md sends on what is
// behind: what is done meanwhile overtakes it. What is read must be the pattern, and what is written is.
type CutIO struct {
	First  uint64 // block
	Blocks int
	Write  bool
	Placed bool // it is not cut, but held where md has looked up its place
}

// cutLimit is how long an I/O is held at most.
const cutLimit = 2 * GoneLimit

// Overtake has all these held, does something, and lets them go on.
func (a *Array) Overtake(do func() error, all ...CutIO) error {
	pointsLock.Lock()
	defer pointsLock.Unlock()
	if err := racepoint.Load(); err != nil {
		return err
	}
	var io BlockIO
	for _, c := range all {
		io = append(io, Begin(c.String(), func() error { return c.do(a) }))
	}
	held := func() error { return a.areCut(io) }
	err := Steps(held, do, held)
	err = errors.Join(err, racepoint.Clear())
	return errors.Join(err, io.End())
}

// String returns what it is.
func (c CutIO) String() string {
	if c.Write {
		return fmt.Sprintf("write at block %d", c.First)
	}
	return fmt.Sprintf("read at block %d", c.First)
}

// areCut fails unless all are held within some time.
func (a *Array) areCut(io BlockIO) error {
	err := wait.Until(a.ctx, GoneLimit, 5*time.Millisecond, func() (bool, error) {
		for _, c := range io {
			if c.thread.Load() == 0 {
				return false, nil
			}
			at, err := racepoint.Look(cutPoint(int(c.thread.Load())))
			if err != nil || at.State != racepoint.Holding {
				return false, nil // it may not be armed yet
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("no power: not each I/O is held: %w", err)
	}
	return nil
}

func cutPoint(thread int) string { return "cut-" + strconv.Itoa(thread) }

// arm has the thread be held in its next I/O.
func (c CutIO) arm() error {
	if c.Placed {
		return racepoint.Arm(racepoint.Point{Name: cutPoint(unix.Gettid()), Symbol: "bio_alloc_clone", Task: unix.Gettid(), Cap: cutLimit})
	}
	p := racepoint.Point{Name: cutPoint(unix.Gettid()), Symbol: "bio_submit_split_bioset", Return: true, Task: unix.Gettid(), Cap: cutLimit}
	err := racepoint.Arm(p)
	if !errors.Is(err, unix.ENOENT) {
		return err
	}
	// Before 6.18: the first visit is that of the whole.
	p.Symbol, p.Return, p.Nth = "submit_bio_noacct", false, 2
	return racepoint.Arm(p)
}

// do makes it past the page cache.
func (c CutIO) do(a *Array) error {
	flags := os.O_RDONLY
	if c.Write {
		flags = os.O_RDWR
	}
	f, err := OpenDirect(a.Dev(), flags)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := Aligned(c.Blocks * BlockSize)
	defer unix.Munmap(buf)
	if c.Write {
		return Steps(c.arm, func() error { return c.write(a.Data, f, buf) })
	}
	return Steps(c.arm, func() error { return c.read(a.Data, f, buf) })
}

func (c CutIO) write(p Pattern, f *os.File, buf []byte) error {
	for i := range c.Blocks {
		p.Fill(buf[i*BlockSize:][:BlockSize], c.First+uint64(i))
	}
	_, err := f.WriteAt(buf, int64(c.First)*BlockSize)
	return err
}

func (c CutIO) read(p Pattern, f *os.File, buf []byte) error {
	if _, err := f.ReadAt(buf, int64(c.First)*BlockSize); err != nil {
		return err
	}
	for i := range c.Blocks {
		block := c.First + uint64(i)
		if wrong := p.Inspect(buf[i*BlockSize:][:BlockSize], block); wrong != "" {
			return fmt.Errorf("block %d %s", block, wrong)
		}
	}
	return nil
}

// FirstRuns returns the first blocks of two runs of the pattern that a reshape comes to first, but for the
// one that the opener reads: at the end of an array that is reshaped backwards.
func (p Pattern) FirstRuns(backwards bool) (one, other uint64) {
	starts := p.runs()
	if backwards {
		return starts[len(starts)-1], starts[len(starts)-2]
	}
	return starts[1], starts[2]
}

// RecordBad records the last blocks of so many, from a first one on, as bad on the first member that has them,
// as if it had failed to write them.
func (a *Array) RecordBad(first uint64, blocks, bad int) error {
	places, err := a.Data.Places(a.First())
	if err != nil {
		return err
	}
	all := places[first+uint64(blocks-bad)]
	if len(all) == 0 {
		return fmt.Errorf("block %d is on no member", first+uint64(blocks-bad))
	}
	dir := MemberDir(a.Members[all[0].Member])
	return Steps(
		a.Setting(dir+"/bad_blocks", fmt.Sprintf("%d %d", all[0].Offset/512, bad*BlockSize/512)),
		a.Setting(dir+"/state", "write_error"),
	)
}
