// SPDX-License-Identifier: BSD-3-Clause

// Package array is the array under test: its disks, its personality, the data that is on
// it, and what can be done to it with mdadm, ioctls and sysfs. Each verb either succeeds, or
// returns an error that says what went wrong where; [Steps] puts verbs in a row.
package array

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"mdlife/tools/md"
)

// Array is an array under test, with the disks that it is made of, and an opener that looks
// at it all the while. It lives as long as one test case, and so carries its context.
type Array struct {
	Personality Personality
	Members     []string   // all disks that there are; the array begins with the first ones, see [Array.First]
	Beside      string     // a disk that is no member, where the personality leaves one
	Device      string     // the kernel's name of a numbered array: "md51"
	Data        Pattern    // what was written to it
	Rand        *rand.Rand // for all choices of a test case
	NullBlks    []*NullBlk // that the members are, where they must fail
	Gates       []*Gate    // that stand before the members, where a moment is to be held
	NoDevice    bool       // there is no device for the opener to open
	Brief       bool       // one of very many test cases: what could go on for long must not

	ctx    context.Context
	host   Host
	minor  uint32
	named  string // of an array made by name, else ""
	conf   string // mdadm's configuration
	opener *opener
	loops  []*os.File             // that the members are, where they are paths to one disk
	undo   []func() error         // removes what a test case has made for itself, the last first
	held   *os.File               // the array, for its stop to be made on this descriptor
	stops  int                    // how often the array was stopped
	back   int                    // how often the device was there after that
	step   atomic.Pointer[string] // the step under way
}

// Describe returns an array of a personality, a minor number and disks, which it leaves as
// they are.
func Describe(ctx context.Context, p Personality, minor uint32, disks []string) *Array {
	device := md.Name(minor)
	return &Array{ctx: ctx, host: kernel{}, Personality: p, Members: disks, Device: device, minor: minor, conf: filepath.Join(os.TempDir(), "mdadm-"+device+".conf")}
}

// New returns an array like [Describe], and clears its disks.
func New(ctx context.Context, p Personality, minor uint32, disks []string) (*Array, error) {
	a := Describe(ctx, p, minor, disks)
	return a, Steps(a.WriteConfig, a.WipeMembers)
}

// At returns the array of a test case: on a place's disks, and with an opener beside it.
func At(ctx context.Context, p Personality, place int, rng *rand.Rand) (*Array, error) {
	a, err := New(ctx, p, PlaceMinor(place), PlaceDisks(place))
	if err != nil {
		return nil, err
	}
	a.Rand, a.Beside = rng, a.Members[DisksEach-1]
	if p.Paths {
		if err := a.makePaths(); err != nil {
			return nil, errors.Join(err, a.detachPaths())
		}
	}
	a.opener, err = startOpener(a.Device, a.minor)
	return a, err
}

// SetContext replaces the context that ends whatever the array does.
func (a *Array) SetContext(ctx context.Context) { a.ctx = ctx }

// Context returns the context that ends whatever the array does.
func (a *Array) Context() context.Context { return a.ctx }

// First returns the members that the array is made of at first.
func (a *Array) First() []string { return a.Members[:a.Personality.Disks] }

// Spare returns the first disk that the array does not begin with.
func (a *Array) Spare() string { return a.Members[a.Personality.Disks] }

// Journal returns the disk that a journal is on, where the array has one.
func (a *Array) Journal() string { return a.Members[len(a.Members)-1] }

// IsNumbered reports whether the array is made by its number, where the opener looks.
func (a *Array) IsNumbered() bool { return a.named == "" }

// MakeByName has the array be made by a name and not by a number.
func (a *Array) MakeByName(name string) { a.named = name }

// Dev returns the node that mdadm is told. Of an array made by name that is there, it is the
// kernel's: the link in /dev/md comes and goes when udevd's rules have got round to it.
func (a *Array) Dev() string {
	if !a.Exists() {
		return a.newDev()
	}
	return a.KernelDev()
}

// KernelDev returns the kernel's node of the array, there or not.
func (a *Array) KernelDev() string { return a.host.Node(a.KernelName()) }

// newDev returns the node at which mdadm must make or assemble the array: of one made by
// name it refuses the kernel's, even where the last one's device is still there.
func (a *Array) newDev() string {
	if a.named != "" {
		return "/dev/md/" + a.named
	}
	return a.host.Node(a.Device)
}

// KernelName returns the device's name in sysfs.
func (a *Array) KernelName() string {
	if a.named != "" {
		return "md_" + a.named
	}
	return a.Device
}

// Number returns the array's device number as tables of the device mapper take it: "9:51".
func (a *Array) Number() string { return fmt.Sprintf("%d:%d", md.Major, a.minor) }

// Write writes new data to the array.
func (a *Array) Write() error { return a.Data.Write(a.Dev()) }

// Verify reads what was written to the array.
func (a *Array) Verify() error { return a.Data.Verify(a.Dev()) }

// LeaveDirty leaves data in the page cache, for the stop to write back: that is made on the
// descriptor which has written them.
func (a *Array) LeaveDirty() (err error) {
	a.held, err = a.Data.writeBuffered(a.Dev())
	return err
}

// later has something done when the array has gone.
func (a *Array) later(f func() error) { a.undo = append(a.undo, f) }

// End ends the opener and its company, removes what remains, and returns the opener's opens by outcome
// and how many reads and writes the company has made.
func (a *Array) End() (opens map[string]int, ios int, err error) {
	opens, err = a.opener.end()
	errs := []error{err}
	if c := a.opener.company; c != nil && err == nil { // else it may be at work still
		ios = c.ios
		errs = append(errs, c.wrong)
	}
	if a.held != nil {
		errs = append(errs, a.held.Close())
	}
	for _, name := range []string{a.KernelName(), a.Device} {
		if a.host.Exists(name) {
			errs = append(errs, a.removeAll(name))
		}
	}
	for _, undo := range slices.Backward(a.undo) {
		errs = append(errs, undo())
	}
	for _, n := range a.NullBlks {
		errs = append(errs, n.remove())
	}
	return opens, ios, errors.Join(append(errs, a.detachPaths())...)
}

// removeAll removes a device that somebody may look at, and once more what an open may
// have made just when it had gone.
func (a *Array) removeAll(name string) error {
	remove := func() error { return a.host.Remove(name, SettleTime) }
	err := RetryBusy(remove)
	if err == nil || !a.host.Exists(name) {
		return nil
	}
	return RetryBusy(remove)
}
