// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/tools/md/steady"
)

// How a device comes into being, stays and goes.
func init() {
	register(lives,
		check{"R1-gone-after-last-close", "R1", goneAfterLastClose},
		check{"R1-gone-when-close-returns", "R1", goneWhenCloseReturns},
		check{"R2-open-makes-device", "R2", openMakesDevice},
		check{"R3-stays-until-ioctl", "R3", staysUntilIoctl},
	)
	register(damaging, check{"R2-configured-at-once", "R2", configuredAtOnce})
}

func goneAfterLastClose(e *env) (string, error) {
	inactive, fd, err := e.freshConfigured()
	if err != nil {
		return "", err
	}
	if err := inactive.removable(fd); err != nil {
		return "", err
	}
	running, fd, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	if err := running.showsRaid1(); err != nil {
		return "", err
	}
	if err := running.removable(fd); err != nil {
		return "", err
	}
	return "an inactive and a running array, stopped and closed, have gone from /sys/block, /proc/partitions, /proc/mdstat and /dev", nil
}

// goneWhenCloseReturns does not wait for the device to go: a process that stops an array
// and looks, or makes the next one, must not meet the old one.
func goneWhenCloseReturns(e *env) (string, error) {
	const n = 8
	for i := range n {
		d, fd, err := e.freshConfigured()
		if err != nil {
			return "", err
		}
		if err := d.stop(fd); err != nil {
			return "", err
		}
		e.close(fd)
		if left := md.Left(d.name); len(left) > 0 {
			return "", fmt.Errorf("turn %d: the last close has returned, but %s is in %s", i+1, d.name, strings.Join(left, ", "))
		}
	}
	return fmt.Sprintf("%d times the device had gone when the last close returned", n), nil
}

// showsRaid1 fails unless all places show the running raid1: a check that looks
// for nothing in the wrong place would always succeed.
func (d *disk) showsRaid1() error {
	if left := md.Left(d.name); len(left) != 4 {
		return fmt.Errorf("while it runs, %s is only in %v", d.name, left)
	}
	a, err := steady.Find(d.name)
	if err != nil {
		return err
	}
	if a.Stat.ActivityState != "active" || a.Stat.DisksActive != 2 || a.Sysfs.Level != "raid1" {
		return fmt.Errorf("a running raid1 shows as %s with %d disks in mdstat, and %s %s in sysfs",
			a.Stat.ActivityState, a.Stat.DisksActive, a.Sysfs.Level, a.Sysfs.ArrayState)
	}
	return nil
}

func openMakesDevice(e *env) (string, error) {
	const n = 20
	for range n {
		d, err := e.fresh()
		if err != nil {
			return "", err
		}
		fd, err := d.open(unix.O_RDONLY)
		if err != nil {
			return "", err
		}
		if !md.Exists(d.name) {
			return "", fmt.Errorf("%s is open, but not in /sys/block", d.name)
		}
		e.close(fd)
	}
	return fmt.Sprintf("%d opens of missing devices made them and succeeded", n), nil
}

// configuredAtOnce has one thread make a device by opening it, and another open
// and configure it as soon as sysfs shows it. Then it must be ready: add_disk()
// shows a disk before md_alloc() is through with it.
func configuredAtOnce(e *env) (string, error) {
	const turns = 30
	log, err := openKmsg()
	if err != nil {
		return "", err
	}
	defer log.close()
	expediteRCU(true)
	defer expediteRCU(false)
	for i := range turns {
		d, err := e.fresh()
		if err != nil {
			return "", err
		}
		made := make(chan error, 1)
		go func() { made <- md.OnThread(d.makeByOpen) }()
		fd, err := d.configureWhenShown(e.raid1)
		err = errors.Join(err, <-made)
		if err != nil {
			return "", fmt.Errorf("turn %d: %w", i+1, err)
		}
		if err := d.removable(fd); err != nil {
			return "", err
		}
	}
	if line, found := log.find("is not initialized"); found {
		return "", fmt.Errorf("the kernel says: %s", line)
	}
	return fmt.Sprintf("%d devices were configured as soon as they showed, while the open that made them went on", turns), nil
}

// makeByOpen makes the device by opening it, and closes it again.
func (d *disk) makeByOpen() error {
	fd, err := d.open(unix.O_RDONLY)
	if err != nil {
		return err
	}
	d.env.close(fd)
	return nil
}

// configureWhenShown waits until sysfs shows the device, and configures it. It looks
// without a pause: the open that makes the device must not be over by then.
func (d *disk) configureWhenShown(a md.Array) (int, error) {
	for deadline := time.Now().Add(goneLimit); !md.Exists(d.name); {
		if time.Now().After(deadline) {
			return -1, fmt.Errorf("%s is not in /sys/block %v after an open", d.name, goneLimit)
		}
	}
	fd, err := d.open(unix.O_RDWR)
	if err != nil {
		return fd, err
	}
	if err := a.Configure(fd); err != nil {
		return fd, fmt.Errorf("%s: %w", d.name, err)
	}
	return fd, nil
}

func staysUntilIoctl(e *env) (string, error) {
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	fd, err := d.open(unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	e.close(fd)
	if err := d.stays(); err != nil {
		return "", fmt.Errorf("after an open and a close: %w", err)
	}
	if fd, err = d.open(unix.O_RDONLY); err != nil {
		return "", err
	}
	if err := d.removable(fd); err != nil {
		return "", fmt.Errorf("after open, STOP_ARRAY and close: %w", err)
	}
	return "made by an open it stayed when closed; after an ioctl it went at the close", nil
}
