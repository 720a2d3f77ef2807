// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
)

// What a stop leaves to those who still hold the device and to those who open it.
func init() {
	register(stops,
		check{"R8-inert-after-stop", "R8", inertAfterStop},
		check{"R8-restart-at-once", "R8", restartAtOnce},
		check{"R8-failed-stop", "R8", failedStop},
		check{"R9-sysfs-clear", "R9", sysfsClear},
		check{"R20-reopen-while-held", "R20", reopenWhileHeld},
		check{"R23-nothing-comes-back", "R23", nothingComesBack},
	)
	register(onlyByName, check{event.LongRestarts, "R8", restartThousandTimes})
}

func inertAfterStop(e *env) (string, error) {
	d, first, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	if err := d.stop(first); err != nil {
		return "", err
	}
	second, err := d.open(unix.O_RDWR)
	if err != nil {
		return "", fmt.Errorf("stopped, but still held: %w", err)
	}
	for name, fd := range map[string]int{"old": first, "new": second} {
		if err := inert(fd); err != nil {
			return "", fmt.Errorf("the stopped array by its %s descriptor: %w", name, err)
		}
	}
	e.close(first)
	e.close(second)
	if err := d.gone(goneLimit); err != nil {
		return "", fmt.Errorf("once both are closed: %w", err)
	}
	return "a new open of a stopped, still held array succeeded; reads gave EOF or EIO; gone after the last close", nil
}

// inert fails unless a read gives nothing, and ioctls answer as without an array.
func inert(fd int) error {
	var block [4096]byte
	if n, err := unix.Read(fd, block[:]); n > 0 || err != nil && !errors.Is(err, unix.EIO) {
		return fmt.Errorf("read: %d bytes, %s", n, md.ErrnoName(err))
	}
	if _, err := md.RaidVersion(fd); err != nil {
		return fmt.Errorf("RAID_VERSION: %w", err)
	}
	_, err := md.GetArrayInfo(fd)
	return want("GET_ARRAY_INFO", err, unix.ENODEV)
}

// failedStop makes a stop fail after it has begun: to make an array read-only that
// is so already. Opens and stops go on as if nobody had tried.
func failedStop(e *env) (string, error) {
	d, fd, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	if err := md.StopArrayRO(fd); err != nil {
		return "", fmt.Errorf("STOP_ARRAY_RO on %s: %w", d.name, err)
	}
	for range 3 {
		if err := want("STOP_ARRAY_RO on a read-only array", md.StopArrayRO(fd), unix.ENXIO); err != nil {
			return "", err
		}
		err := within(returnTime, "an open after a stop that failed", func() error {
			again, err := d.open(unix.O_RDONLY)
			if err == nil {
				e.close(again)
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	if err := md.RestartArrayRW(fd); err != nil {
		return "", fmt.Errorf("RESTART_ARRAY_RW on %s: %w", d.name, err)
	}
	if err := d.stop(fd); err != nil {
		return "", err
	}
	e.close(fd)
	return "after stops that failed, opens succeeded, and the array could be made writable and stopped", d.gone(goneLimit)
}

// restartAtOnce stops an array with members and configures it again with no
// pause, on the same descriptor and on a new one in turn, or always on a new one
// where the stop removes the device. Every tenth of these
// arrays runs. With RCU's usual grace periods a turn takes some 30 ms; most are
// made with expedited ones, to have many, and the rest without, to have both.
func restartAtOnce(e *env) (string, error) { return restarts(e, 200, time.Second) }

// restartThousandTimes is restartAtOnce for longer.
func restartThousandTimes(e *env) (string, error) { return restarts(e, 1000, time.Minute) }

func restarts(e *env, turns int, budget time.Duration) (string, error) {
	quick := turns - 40
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	log, err := openKmsg()
	if err != nil {
		return "", err
	}
	defer log.close()
	fd, err := d.open(unix.O_RDWR)
	if err != nil {
		return "", err
	}
	defer expediteRCU(false)
	i := 0
	// However slow the machine is, two of them run: what the first leaves meets the second.
	const least = 20
	for end := time.Now().Add(budget); i < turns && (i < least || time.Now().Before(end)); i++ {
		expediteRCU(i < quick)
		start := e.raid1.Configure
		if i%10 == 9 {
			start = e.raid1.Start
		}
		if fd, err = d.restart(fd, start, i%2 == 1 || md.RemovesInStop()); err != nil {
			return "", fmt.Errorf("turn %d: %w", i+1, err)
		}
	}
	e.close(fd)
	if line, found := log.find("cannot create duplicate filename"); found {
		return "", fmt.Errorf("the kernel says: %s", line)
	}
	if err := d.gone(goneLimit); err != nil {
		return "", err
	}
	return fmt.Sprintf("an array with members was stopped and configured again %d times with no pause: no EEXIST, no duplicate name in sysfs", i), nil
}

// expediteRCU makes the kernel's waits for RCU short, at the cost of interrupts
// on all CPUs, or normal again. Without the file they stay as they are.
func expediteRCU(on bool) {
	value := "0"
	if on {
		value = "1"
	}
	_ = os.WriteFile("/sys/kernel/rcu_expedited", []byte(value), 0)
}

// restart starts the array and stops it, and then, if asked to, goes over to a
// new descriptor before it closes the old one.
func (d *disk) restart(fd int, start func(int) error, reopen bool) (int, error) {
	if err := start(fd); err != nil {
		return fd, fmt.Errorf("%s: %w", d.name, err)
	}
	if err := d.stop(fd); err != nil {
		return fd, err
	}
	if !reopen {
		return fd, nil
	}
	again, err := d.open(unix.O_RDWR)
	if err != nil {
		return fd, fmt.Errorf("after the stop: %w", err)
	}
	d.env.close(fd)
	return again, nil
}

func sysfsClear(e *env) (string, error) {
	for _, held := range []bool{false, true} {
		d, fd, err := e.freshConfigured()
		if err != nil {
			return "", err
		}
		if !held {
			e.close(fd)
		}
		err = within(5*time.Second, "writing clear to array_state", func() error {
			return md.SetArrayState(d.name, md.StateClear)
		})
		if err != nil {
			return "", fmt.Errorf("clear of %s: %w", d.name, err)
		}
		if held {
			if md.Exists(d.name) == md.RemovesInStop() {
				return "", fmt.Errorf("open still after clear: %s is there: %v", d.name, md.Exists(d.name))
			}
			e.close(fd)
		}
		if err := d.gone(goneLimit); err != nil {
			return "", err
		}
	}
	return "clear stopped an array; it went at once where nobody held it, else at the last close", nil
}

// reopenWhileHeld reopens arrays that the same process has just stopped and
// still holds. Whether the open succeeds is R8's business: it must return.
func reopenWhileHeld(e *env) (string, error) {
	var took time.Duration
	for _, flags := range []int{unix.O_RDONLY, unix.O_RDWR, unix.O_RDONLY | unix.O_EXCL} {
		for _, bySysfs := range []bool{false, true} {
			d, fd, err := e.freshConfigured()
			if err != nil {
				return "", err
			}
			if bySysfs {
				err = md.SetArrayState(d.name, md.StateClear)
			} else {
				err = d.stop(fd)
			}
			if err != nil {
				return "", err
			}
			start := time.Now()
			err = within(returnTime, "an open by the process that stopped the array and still holds it", func() error {
				_, _ = d.open(flags)
				return nil
			})
			if err != nil {
				return "", err
			}
			took = max(took, time.Since(start))
		}
	}
	return fmt.Sprintf("six reopens of stopped, still held arrays returned, the slowest after %v", took.Round(time.Microsecond)), nil
}

// nothingComesBack lets one opener race with a whole life of an array, and
// looks whether the device goes once both have closed it. A round takes up to
// 90 ms, most of which the kernel spends in removing devices.
func nothingComesBack(e *env) (string, error) {
	const rounds, enough = 200, 3
	const budget = 2 * time.Second
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	back, failed, i := 0, 0, 0
	defer expediteRCU(false)
	for end := time.Now().Add(budget); i < rounds && back < enough && time.Now().Before(end); i++ {
		expediteRCU(i%2 == 1) // quick and slow removals
		opener := make(chan int, 1)
		go func() { opener <- d.openFor(5 * time.Millisecond) }()
		err := d.life()
		failed += <-opener
		if err != nil {
			return "", fmt.Errorf("round %d: %w", i+1, err)
		}
		if !md.WaitGone(d.name, backLimit) {
			back++
			if err := md.Remove(d.name, goneLimit); err != nil {
				return "", err
			}
		}
	}
	if back > 0 {
		return "", fmt.Errorf("%s was still or again there %v after all had closed it, in %d of %d rounds", d.name, backLimit, back, i)
	}
	return fmt.Sprintf("%d rounds of one opener against create, stop and close: nothing left (%d opens failed)", i, failed), nil
}

// openFor opens and closes the device for a time, whenever it sees it, and
// counts failures. An open of a device that has gone altogether would make one
// that stays, and rightly so (R3).
func (d *disk) openFor(t time.Duration) (failed int) {
	if err := md.LockThread(); err != nil {
		return 1
	}
	for end := time.Now().Add(t); time.Now().Before(end); {
		if !md.Exists(d.name) {
			continue
		}
		fd, err := md.Open(d.node, unix.O_RDONLY)
		if err != nil {
			failed++
			continue
		}
		unix.Close(fd)
	}
	return failed
}

// life creates, stops and closes an array. Where the open loses a race (which
// the race program counts), it is tried again.
func (d *disk) life() error {
	fd, err := d.open(unix.O_RDWR)
	for deadline := time.Now().Add(goneLimit); err != nil; fd, err = d.open(unix.O_RDWR) {
		if time.Now().After(deadline) {
			return err
		}
	}
	defer d.env.close(fd)
	if err := md.SetArrayInfo(fd, md.Array{}.Info()); err != nil {
		return fmt.Errorf("SET_ARRAY_INFO on %s: %w", d.name, err)
	}
	return d.stop(fd)
}
