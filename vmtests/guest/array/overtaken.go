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

// Overtaken are I/Os of a whole run of blocks each, which md cuts into chunks: each is held where md has
// looked up where its first chunk is, and sends on what is behind it. What is done meanwhile overtakes it.
type Overtaken struct {
	Read, Write uint64 // the first blocks of the runs
}

// cutLimit is how long an I/O is held at most.
const cutLimit = 2 * GoneLimit

// While has both I/Os held, does something, and lets them go on. What is written is the pattern, and what
// is read must be.
func (o Overtaken) While(a *Array, do func() error) (err error) {
	pointsLock.Lock()
	defer pointsLock.Unlock()
	if err := racepoint.Load(); err != nil {
		return err
	}
	io := BlockIO{
		Begin("read of a run", func() error { return a.wholeRun(o.Read, false) }),
		Begin("write of a run", func() error { return a.wholeRun(o.Write, true) }),
	}
	held := func() error { return a.bothHeld(io) }
	err = Steps(held, do, held)
	if err := errors.Join(err, racepoint.Clear()); err != nil {
		return err
	}
	return io.End()
}

// bothHeld fails unless all are held within some time.
func (a *Array) bothHeld(io BlockIO) error {
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
		return fmt.Errorf("no power: not both I/Os are held where md has cut them: %w", err)
	}
	return nil
}

func cutPoint(thread int) string { return "cut-" + strconv.Itoa(thread) }

// armCut has the thread be held where it sends on what is behind the first chunk of its next I/O.
func armCut() error {
	p := racepoint.Point{Name: cutPoint(unix.Gettid()), Symbol: "bio_submit_split_bioset", Return: true, Task: unix.Gettid(), Cap: cutLimit}
	err := racepoint.Arm(p)
	if !errors.Is(err, unix.ENOENT) {
		return err
	}
	// Before 6.18: the first visit is that of the whole.
	p.Symbol, p.Return, p.Nth = "submit_bio_noacct", false, 2
	return racepoint.Arm(p)
}

// wholeRun reads or writes a run past the page cache.
func (a *Array) wholeRun(first uint64, write bool) error {
	flags := os.O_RDONLY
	if write {
		flags = os.O_RDWR
	}
	f, err := OpenDirect(a.Dev(), flags)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := Aligned(RunBlocks * BlockSize)
	defer unix.Munmap(buf)
	if !write {
		return Steps(armCut, func() error { return a.Data.readRun(f, buf, first) })
	}
	for i := range uint64(RunBlocks) {
		a.Data.Fill(buf[i*BlockSize:][:BlockSize], first+i)
	}
	return Steps(armCut, func() error {
		_, err := f.WriteAt(buf, int64(first)*BlockSize)
		return err
	})
}

// readRun reads a run, all blocks of which must be of the pattern.
func (p Pattern) readRun(f *os.File, buf []byte, first uint64) error {
	if _, err := f.ReadAt(buf, int64(first)*BlockSize); err != nil {
		return err
	}
	for i := range uint64(RunBlocks) {
		if wrong := p.Inspect(buf[i*BlockSize:][:BlockSize], first+i); wrong != "" {
			return fmt.Errorf("block %d %s", first+i, wrong)
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
