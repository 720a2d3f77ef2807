// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/machine"
)

// brd's disks are shared out to places: each has so many members, of which a test case takes
// as many as it needs. Each worker has a place. A test case waits half of its time: six keep two
// CPUs busy. Where there are fewer disks, there are fewer workers; the places that no worker has at
// first are for those whose test case has left theirs in use for good.
const (
	Workers   = 6
	Places    = 16
	DisksEach = 5
	Disks     = Places * DisksEach // all of them
)

// PlaceMinor returns the minor number of a place's device.
func PlaceMinor(place int) uint32 { return machine.ArrayMinors.First + uint32(place) }

// PlaceDisks returns a place's disks.
func PlaceDisks(place int) (disks []string) {
	for i := range DisksEach {
		disks = append(disks, machine.Disk(place*DisksEach+i))
	}
	return disks
}

// PlacesHere returns how many places there are disks for. Where there are none, the error
// names the first disk that is missing.
func PlacesHere() (n int, err error) {
	for n < Places && !slices.ContainsFunc(PlaceDisks(n), isMissing) {
		n++
	}
	if n == 0 {
		missing := slices.IndexFunc(PlaceDisks(0), isMissing)
		return 0, fmt.Errorf("there are no %d disks of brd for one test case: %s is missing (kernel parameter brd.rd_nr)",
			DisksEach, PlaceDisks(0)[missing])
	}
	return n, nil
}

func isMissing(disk string) bool {
	_, err := os.Stat(disk)
	return err != nil
}

// wiped is how much of a disk is cleared at its beginning and at its end, in bytes.
const wiped = 256 * 1024

var zeros = sync.OnceValue(func() []byte { return Aligned(wiped) })

// WipeMembers clears all members.
func (a *Array) WipeMembers() error {
	for _, m := range a.Members {
		if err := Wipe(m); err != nil {
			return fmt.Errorf("wipe %s: %w", m, err)
		}
	}
	return nil
}

// Wipe clears what a former array has left at both ends of a member. udevd's rules have
// mdadm look at it now and then, and claim it meanwhile.
func Wipe(member string) error {
	var f *os.File
	err := Retry(func() (err error) {
		f, err = OpenDirect(member, os.O_RDWR|os.O_EXCL)
		return err
	})
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	for _, at := range []int64{0, size - wiped} {
		if _, err := f.WriteAt(zeros(), at); err != nil {
			return err
		}
	}
	return f.Sync()
}

// ZeroAll clears as much of a member as redundant arrays use.
func ZeroAll(member string) error { return Zero(member, scanned) }

// Zero clears the first bytes of a member: n of them, a multiple of [BlockSize], or all if
// there are fewer.
func Zero(member string, n int64) error {
	f, err := OpenDirect(member, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	const atOnce = 1 << 20
	buf := Aligned(atOnce)
	defer unix.Munmap(buf)
	for at := int64(0); at+atOnce <= size && at < n; at += atOnce {
		if _, err := f.WriteAt(buf, at); err != nil {
			return err
		}
	}
	return nil
}

// Sectors returns the size of a block device.
func Sectors(node string) (uint64, error) {
	f, err := os.Open(node)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	return uint64(size) / 512, err
}

// OpenDirect opens a file past the page cache.
func OpenDirect(node string, flags int) (*os.File, error) {
	return os.OpenFile(node, flags|unix.O_DIRECT, 0)
}

// Aligned returns a buffer that is aligned as O_DIRECT needs it, to be unmapped.
func Aligned(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic(errors.New("no memory for a buffer")) // the guest has nothing else to do with it
	}
	return b
}
