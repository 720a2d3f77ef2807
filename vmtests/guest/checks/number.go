// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

func init() { register(numbers, check{"R19-missing-is-ENXIO", "R19", missingIsENXIO}) }

func missingIsENXIO(e *env) (string, error) {
	high, err := e.disk(machine.AbsentMinor.Name(), machine.AbsentMinor.First)
	if err != nil {
		return "", err
	}
	if err := high.missing(fmt.Sprint("minor ", high.minor)); err != nil {
		return "", err
	}
	was, err := md.CreateOnOpen()
	if err != nil {
		return "", err
	}
	if err := md.SetCreateOnOpen(false); err != nil {
		return "", fmt.Errorf("write N to create_on_open: %w", err)
	}
	defer func() { _ = md.SetCreateOnOpen(was) }()
	low, err := e.fresh()
	if err != nil {
		return "", err
	}
	if err := low.missing("create_on_open=N"); err != nil {
		return "", err
	}
	if err := low.goneThenMissing(); err != nil {
		return "", err
	}
	return "minor 900, a new number with create_on_open=N, and an array stopped under it: ENXIO at once", nil
}

// missing fails unless opens of the device get ENXIO at once.
func (d *disk) missing(why string) error {
	for range 20 {
		start := time.Now()
		_, err := d.open(unix.O_RDONLY)
		if err := want(why, err, unix.ENXIO); err != nil {
			return err
		}
		if took := time.Since(start); took > returnTime {
			return fmt.Errorf("%s: ENXIO only after %v", why, took)
		}
	}
	return nil
}

// goneThenMissing makes the device by name, stops it, and looks again.
func (d *disk) goneThenMissing() error {
	if err := md.NewArray(d.name); err != nil {
		return fmt.Errorf("%s > new_array: %w", d.name, err)
	}
	fd, err := d.open(unix.O_RDWR)
	if err != nil {
		return err
	}
	if err := d.removable(fd); err != nil {
		return err
	}
	return d.missing("create_on_open=N, stopped and gone")
}
