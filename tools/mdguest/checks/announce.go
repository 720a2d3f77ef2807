// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// announceChecks: what user space is told.
var announceChecks = []check{
	{"R4-one-add-uevent", "R4", oneAddUevent},
	{"R4-configured-is-announced", "R4", configuredIsAnnounced},
}

// configuredIsAnnounced configures devices that an open has made again after it
// lost to a removal. Such a device need not be announced while it only waits to
// be closed, but whoever configures it wants udev to know.
func configuredIsAnnounced(e *env) (string, error) {
	const rounds, enough = 400, 8
	const budget = 800 * time.Millisecond
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	if _, err := e.uevents.Drain(); err != nil {
		return "", err
	}
	expediteRCU(true)
	defer expediteRCU(false)
	again := map[uint64]bool{} // disks that were made again and configured
	end := time.Now().Add(budget)
	for i := 0; i < rounds && len(again) < enough && time.Now().Before(end); i++ {
		seq, err := d.configureWhatFollows()
		if err != nil {
			return "", err
		}
		if seq != 0 {
			again[seq] = true
		}
		if err := d.gone(goneLimit); err != nil {
			return "", err
		}
	}
	return d.announced(again)
}

// announced fails unless each of these disks had one ADD uevent.
func (d *disk) announced(disks map[uint64]bool) (string, error) {
	events, err := d.env.uevents.Drain()
	if err != nil {
		return "", err
	}
	adds := map[uint64]int{}
	for _, ev := range events {
		if ev.Block() && ev.Name() == d.name && ev.Action == "add" {
			adds[ev.Seq]++
		}
	}
	for seq := range disks {
		if adds[seq] != 1 {
			return "", fmt.Errorf("%s was made again by an open and configured: %d ADD uevents instead of 1", d.name, adds[seq])
		}
	}
	return fmt.Sprintf("%d devices that an open had made again had one ADD uevent when they were configured", len(disks)), nil
}

// configureWhatFollows makes an array, and stops and closes it while another
// thread opens it again and again. If that gets a disk that follows the first, it
// configures and stops that. It returns the disk's number, 0 if there was none.
func (d *disk) configureWhatFollows() (uint64, error) {
	first, err := d.configured()
	if err != nil {
		return 0, err
	}
	before, err := md.Diskseq(first)
	if err != nil {
		return 0, err
	}
	if err := d.stop(first); err != nil {
		return 0, err
	}
	type found struct {
		seq uint64
		err error
	}
	follows := make(chan found, 1)
	ready := make(chan bool)
	go func() {
		seq, err := d.openWhatFollows(before, ready)
		follows <- found{seq, err}
	}()
	<-ready
	d.env.close(first)
	f := <-follows
	return f.seq, f.err
}

// openWhatFollows opens and closes the device until it gets another disk than
// the one before, which it configures, or until it sees the device gone.
func (d *disk) openWhatFollows(before uint64, ready chan<- bool) (uint64, error) {
	if err := md.LockThread(); err != nil {
		return 0, err
	}
	close(ready)
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end) && md.Exists(d.name); {
		fd, err := md.Open(d.node, unix.O_RDWR)
		if err != nil {
			continue // the race program counts these
		}
		seq, err := md.Diskseq(fd)
		if err == nil && seq != before {
			defer unix.Close(fd)
			if err := md.SetArrayInfo(fd, md.Array{}.Info()); err != nil {
				return 0, fmt.Errorf("SET_ARRAY_INFO on %s, made again: %w", d.name, err)
			}
			return seq, d.stop(fd)
		}
		unix.Close(fd)
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}
