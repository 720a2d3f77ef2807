// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// sectorSize is what discards are aligned to at least.
const sectorSize = 512

// Hole is a range of bytes of a device that was discarded, or overwritten with zeros.
type Hole struct {
	First, End int64
	Zero       bool // it must read as zeros; else it may, or as what was there
}

// AllowDiscards has raid4, raid5 and raid6 that are made from now on pass discards on: before 6.14
// they do only where the parameter says that all members read as zeros afterwards.
func AllowDiscards() error {
	const safely = "/sys/module/raid456/parameters/devices_handle_discard_safely"
	if err := md.WriteFile(safely, "Y"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("write Y to %s: %w", safely, err)
	}
	return nil
}

// ways of making a hole, in the order of [Array.MakeHole]'s numbers.
var holeWays = []struct {
	name string
	zero bool
	do   func(fd int, first, length int64) error
}{
	{"discard", false, discard},
	{"fallocate to punch a hole", true, func(fd int, first, length int64) error {
		return unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, first, length)
	}},
	{"fallocate to zero", true, func(fd int, first, length int64) error {
		return unix.Fallocate(fd, unix.FALLOC_FL_ZERO_RANGE, first, length)
	}},
}

func discard(fd int, first, length int64) error {
	what := [2]uint64{uint64(first), uint64(length)}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.BLKDISCARD, uintptr(unsafe.Pointer(&what))); errno != 0 {
		return errno
	}
	return nil
}

// MakeHole makes a hole in a way, each number another one, round and round, and returns it, or nil
// where the array does not take that.
func (a *Array) MakeHole(way int, first, end int64) (hole *Hole, err error) {
	how := holeWays[way%len(holeWays)]
	f, err := os.OpenFile(a.Dev(), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	err = Timely(fmt.Sprintf("%s of sectors %d to %d", how.name, first/sectorSize, end/sectorSize), func() error {
		defer f.Close()
		return how.do(int(f.Fd()), first, end-first)
	})()
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil, nil
	}
	return &Hole{first, end, how.zero}, err
}

// VerifyAround reads the pattern past the page cache: all of it must be as it was written, but for
// what is in holes.
func (a *Array) VerifyAround(holes []Hole) error {
	expect := Aligned(BlockSize)
	defer unix.Munmap(expect)
	return a.Data.eachBlock(a.Dev(), func(n uint64, block []byte) error {
		if a.Data.Inspect(block, n) == "" && !zeroed(holes, n) {
			return nil
		}
		a.Data.Fill(expect, n)
		for at := int64(0); at < BlockSize; at += sectorSize {
			is, was := block[at:][:sectorSize], expect[at:][:sectorSize]
			if wrong := inspectSector(holes, int64(n)*BlockSize+at, is, was); wrong != "" {
				return fmt.Errorf("sector %d of block %d %s", at/sectorSize, n, wrong)
			}
		}
		return nil
	})
}

// zeroed reports whether a part of a block must read as zeros.
func zeroed(holes []Hole, n uint64) bool {
	for _, h := range holes {
		if first := int64(n) * BlockSize; h.Zero && h.First < first+BlockSize && h.End > first {
			return true
		}
	}
	return false
}

// inspectSector returns what is wrong with a sector, "" for nothing.
func inspectSector(holes []Hole, at int64, is, was []byte) string {
	inHole, zero := false, false
	for _, h := range holes {
		if at >= h.First && at < h.End {
			inHole, zero = true, zero || h.Zero
		}
	}
	isZero := bytes.Count(is, []byte{0}) == len(is)
	same := bytes.Equal(is, was)
	switch {
	case !inHole && isZero && !same:
		return "is zero, though it was in no hole"
	case !inHole && !same:
		return "is changed, though it was in no hole"
	case zero && !isZero:
		return "is not zero, though it was in a hole"
	case inHole && !isZero && !same:
		return "is neither zero nor what was there"
	}
	return ""
}
