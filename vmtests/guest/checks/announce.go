// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// Which uevents user space gets.
func init() {
	register(announcements,
		check{"R4-one-add-uevent", "R4", oneAddUevent},
		check{"R4-configured-is-announced", "R4", configuredIsAnnounced},
		check{"R4-made-again-is-silent", "R4", madeAgainIsSilent},
	)
}

// oneAddUevent opens and closes an idle device over and over.
func oneAddUevent(e *env) (string, error) {
	const pairs = 200
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	if _, err := e.uevents.Drain(); err != nil {
		return "", err
	}
	for range pairs {
		fd, err := d.open(unix.O_RDONLY)
		if err != nil {
			return "", err
		}
		e.close(fd)
	}
	events, err := e.uevents.Drain()
	if err != nil {
		return "", err
	}
	counted := map[string]int{}
	for _, ev := range events {
		if ev.Block() && ev.Name() == d.name {
			counted[ev.Action]++
		}
	}
	if counted["add"] != 1 || counted["remove"] != 0 {
		return "", fmt.Errorf("%d open/close pairs caused uevents %v instead of one add", pairs, counted)
	}
	return fmt.Sprintf("%d open/close pairs of an idle device: uevents %v", pairs, counted), nil
}

// configuredIsAnnounced configures devices that an open has made again after it
// lost to a removal: udev must learn of a device that somebody configures.
func configuredIsAnnounced(e *env) (string, error) {
	n, err := e.announcements(true, 1)
	return fmt.Sprintf("%d devices that an open had made again had one ADD uevent when they were configured", n), err
}

// madeAgainIsSilent leaves such devices as they are: udev must not hear of one
// that only waits to be closed, for it would open that.
func madeAgainIsSilent(e *env) (string, error) {
	n, err := e.announcements(false, 0)
	return fmt.Sprintf("%d devices that an open had made again, and closed, had no ADD uevent", n), err
}

// announcements makes devices that an open makes again, which configures them or
// not, and fails unless each has had so many ADD uevents. It returns how many
// devices that were: without any it has seen nothing, and fails, too.
func (e *env) announcements(configure bool, adds int) (int, error) {
	const enough = 8
	const budget, longest = 800 * time.Millisecond, 8 * time.Second
	d, err := e.fresh()
	if err != nil {
		return 0, err
	}
	if _, err := e.uevents.Drain(); err != nil {
		return 0, err
	}
	expediteRCU(true)
	defer expediteRCU(false)
	again := map[uint64]bool{} // disks that were made again
	start, rounds := time.Now(), 0
	for ; len(again) < enough; rounds++ {
		if took := time.Since(start); took > longest || took > budget && len(again) > 0 {
			break
		}
		seq, err := d.whatFollows(configure)
		if err != nil {
			return 0, err
		}
		if seq != 0 {
			again[seq] = true
		}
		if err := d.gone(goneLimit); err != nil {
			return 0, err
		}
	}
	if len(again) == 0 {
		return 0, fmt.Errorf("no open has made %s again in %d rounds", d.name, rounds)
	}
	return len(again), d.announced(again, adds)
}

// onlyIfGone returns 0 where the device stays after its close: that one was made
// by an open that came when the first had gone. It removes it.
func (d *disk) onlyIfGone(seq uint64) (uint64, error) {
	if d.gone(100*time.Millisecond) == nil {
		return seq, nil
	}
	return 0, md.Remove(d.name, goneLimit)
}

// announced fails unless each of these disks had so many ADD uevents.
func (d *disk) announced(disks map[uint64]bool, want int) error {
	events, err := d.env.uevents.Drain()
	if err != nil {
		return err
	}
	adds := map[uint64]int{}
	for _, ev := range events {
		if ev.Block() && ev.Name() == d.name && ev.Action == "add" {
			adds[ev.Seq]++
		}
	}
	for seq := range disks {
		if adds[seq] != want {
			return fmt.Errorf("%s was made again by an open: %d ADD uevents instead of %d", d.name, adds[seq], want)
		}
	}
	return nil
}

// whatFollows makes an array, and stops and closes it while another thread opens
// it again and again. If that gets a disk that follows the first, it may configure
// and stop that. It returns the disk's number, 0 if there was none.
func (d *disk) whatFollows(configure bool) (uint64, error) {
	first, err := d.configured()
	if err != nil {
		return 0, err
	}
	before, err := md.Diskseq(first)
	if err != nil {
		return 0, err
	}
	if !md.RemovesInStop() { // or the opens must be there when it stops
		if err := d.stop(first); err != nil {
			return 0, err
		}
	}
	var seq uint64
	follows := make(chan error, 1)
	ready := make(chan bool)
	go func() {
		follows <- md.OnThread(func() (err error) {
			close(ready)
			seq, err = d.openWhatFollows(before, configure)
			return err
		})
	}()
	<-ready
	if md.RemovesInStop() {
		err = d.stop(first)
	}
	d.env.close(first)
	err = errors.Join(err, <-follows)
	return seq, err
}

// openWhatFollows opens and closes the device until it gets another disk than
// the one before, which it may configure, or until it sees the device gone.
func (d *disk) openWhatFollows(before uint64, configure bool) (uint64, error) {
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end) && md.Exists(d.name); {
		fd, err := md.Open(d.node, unix.O_RDWR)
		if errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) {
			return 0, fmt.Errorf("an open that lost to the removal did not make %s again, but failed: %w", d.name, err)
		}
		if err != nil {
			continue
		}
		seq, err := md.Diskseq(fd)
		if err == nil && seq != before {
			if !configure {
				unix.Close(fd)
				return d.onlyIfGone(seq)
			}
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
