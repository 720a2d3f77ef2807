// SPDX-License-Identifier: BSD-3-Clause

package race

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/hist"
)

// How patient the creator is.
const (
	stopTries   = 300                    // stops that may find a running array busy, before the openers pause
	quietEvery  = 200 * time.Millisecond // between pauses of the openers
	quietFactor = 4                      // or this many times as long as the last pause took
	settleLimit = 300 * time.Millisecond // for a device to go once all have closed it
	goneLimit   = 2 * time.Second        // for the same after a cycle without openers
)

// creator makes the array, stops it, and closes it.
type creator struct {
	thread
	race    *race
	rng     *rand.Rand
	name    string // of the current array
	serial  int    // of the next array made by name
	paused  bool   // whether the openers are, for this thread
	cycles  atomic.Int64
	stopLat hist.Hist // of stops that succeeded
	gone    hist.Hist
}

func newCreator(r *race) *creator {
	c := &creator{race: r, rng: r.rng(0), name: r.Device, stopLat: hist.New(), gone: hist.New()}
	c.thread.init("creator", r)
	return c
}

// loop makes cycles until the race is over, then sends the openers away. The
// openers that are in an open at that moment are the last to race (R23).
func (c *creator) loop() {
	defer c.race.gate.end()
	spec := c.race.Spec
	next := time.Now().Add(quietEvery)
	for !c.race.over.Load() && (spec.Cycles == 0 || c.cycles.Load() < int64(spec.Cycles)) {
		if c.cycle() {
			c.cycles.Add(1)
		}
		if c.rng.IntN(8) == 0 { // leave the CPU to the openers, and the device to itself
			c.nap(time.Duration(c.rng.IntN(200)) * time.Microsecond)
		}
		c.idle()
		if now := time.Now(); now.After(next) || c.halfWay() {
			c.pause(c.quiet)
			next = time.Now().Add(max(quietEvery, quietFactor*time.Since(now)))
		}
	}
}

// halfWay reports whether half of a given number of cycles has gone by without a
// pause: even a short race must have one.
func (c *creator) halfWay() bool {
	want := int64(c.race.Spec.Cycles)
	return want > 0 && c.gone.Count() == 0 && 2*c.cycles.Load() >= want
}

// pause does something while the openers wait, each with the device closed.
func (c *creator) pause(do func()) {
	if c.paused {
		do()
		return
	}
	c.idle()
	c.race.gate.shut()
	c.paused = true
	do()
	c.idle()
	c.paused = false
	c.race.gate.open()
}

// quiet looks whether the device goes by itself once the openers have paused;
// then it makes a cycle on its own and measures the time from the last close
// (or from the clear, where that comes later) to gone.
func (c *creator) quiet() {
	switch {
	case md.SpinGone(c.name, settleLimit):
		c.counts.add(settle, nil)
	case c.remove():
		c.counts[settle][kept].Add(1)
	default:
		c.counts[settle][there].Add(1)
	}
	if !c.cycle() {
		return
	}
	start := time.Now()
	c.idle()
	if md.SpinGone(c.name, goneLimit) {
		c.gone.Record(time.Since(start))
		return
	}
	c.race.note("%s still there %v after a cycle without openers", c.name, goneLimit)
	c.remove()
}

// cycle makes an array and stops it, and reports whether the stop succeeded.
func (c *creator) cycle() bool {
	if c.race.Spec.Stop == event.StopNamed && !c.makeNamed() {
		return false
	}
	fd, ok := c.openArray()
	if !ok {
		c.remove()
		return false
	}
	if !c.configure(fd) {
		c.close(fd)
		c.remove()
		return false
	}
	if c.race.Spec.Stop == event.StopSysfs {
		c.close(fd)
		return c.stopUntilDone(clearState, func() error { return md.SetArrayState(c.name, md.StateClear) })
	}
	defer c.close(fd)
	return c.stopUntilDone(stop, func() error { return md.StopArray(fd) })
}

// makeNamed makes an array by name, mostly a new one, at times the last.
func (c *creator) makeNamed() bool {
	kind, name := newArray, fmt.Sprint(namedPrefix, c.serial)
	if c.serial > 0 && c.rng.IntN(4) == 0 {
		kind, name = reuse, c.name
	} else {
		c.serial++
	}
	c.enter(kind)
	err := md.NewArray(name)
	c.counts.add(kind, err)
	if err != nil {
		return false
	}
	c.name = name
	c.enter(number)
	_, minor, err := md.DevNumber(name)
	c.counts.add(number, err)
	if err != nil {
		return false
	}
	if err := c.race.publish(minor); err != nil {
		c.race.note("%v", err)
		return false
	}
	return true
}

// openArray opens the array for writing, and tries again while that fails.
func (c *creator) openArray() (fd int, ok bool) {
	path := *c.race.path.Load()
	for {
		c.enter(create)
		fd, err := md.Open(path, unix.O_RDWR)
		c.counts.add(create, err)
		if err == nil {
			return fd, true
		}
		if c.race.over.Load() || c.race.Spec.Stop == event.StopNamed {
			return 0, false
		}
		c.yield()
	}
}

// configure makes a raid1: without members it stays inactive, with members it
// runs, in sync from the start.
func (c *creator) configure(fd int) bool {
	c.enter(set)
	err := md.SetArrayInfo(fd, c.race.array.Info())
	c.counts.add(set, err)
	for i := 0; err == nil && i < len(c.race.array.Members); i++ {
		c.enter(addDisk)
		err = md.AddNewDisk(fd, c.race.array.Members[i])
		c.counts.add(addDisk, err)
	}
	if err == nil && len(c.race.array.Members) > 0 {
		c.enter(run)
		err = md.RunArray(fd)
		c.counts.add(run, err)
	}
	return err == nil
}

// stopUntilDone stops the array. A running one may be busy because openers
// have it open; after stopTries attempts they pause, and the stop does not count
// as one that succeeded in the race.
func (c *creator) stopUntilDone(kind call, try func() error) bool {
	for range stopTries {
		err := c.stopOnce(kind, try)
		if err == nil {
			return true
		}
		if err != unix.EBUSY {
			break
		}
		c.yield()
	}
	c.pause(func() {
		if err := c.stopOnce(kind, try); err != nil {
			c.race.note("%s with all openers paused: %s", callNames[kind], md.ErrnoName(err))
		}
	})
	return false
}

func (c *creator) stopOnce(kind call, try func() error) error {
	c.enter(kind)
	start := time.Now()
	err := try()
	took := time.Since(start)
	c.counts.add(kind, err)
	if err == nil {
		c.stopLat.Record(took)
	}
	return err
}

// remove gets rid of the current device, whatever state it is in.
func (c *creator) remove() (gone bool) {
	c.pause(func() {
		err := md.Remove(c.name, goneLimit)
		if gone = err == nil; !gone {
			c.race.note("clean up: %v", err)
		}
	})
	return gone
}

func (c *creator) close(fd int) {
	c.enter(closing)
	unix.Close(fd)
	c.idle()
}

func (c *creator) yield() {
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
}

// namedPrefix begins the names of all arrays that named races make.
const namedPrefix = "md_r"

// owns reports whether a device is one that this race has made.
func (r *race) owns(name string) bool {
	if r.Spec.Stop == event.StopNamed {
		return strings.HasPrefix(name, namedPrefix)
	}
	return name == r.Device
}

// names lists the devices of this race that might be left.
func (r *race) names() []string {
	if r.Spec.Stop != event.StopNamed {
		return []string{r.Device}
	}
	return slices.DeleteFunc(md.Devices(), func(name string) bool { return !r.owns(name) })
}
