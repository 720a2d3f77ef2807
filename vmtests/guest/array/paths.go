// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"os"

	"mdlife/vmtests/guest/machine"
)

// makePaths replaces the members by loop devices that are all the first member: what
// is written by one path is read by another.
func (a *Array) makePaths() error {
	disk, err := os.OpenFile(a.Members[0], os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	a.Members = nil
	for range a.Personality.Disks {
		loop, err := machine.AttachLoop(int(disk.Fd()))
		if err != nil {
			return err
		}
		a.loops = append(a.loops, loop)
		a.Members = append(a.Members, loop.Name())
	}
	return nil
}

// detachPaths detaches the loop devices, once the array has released them.
func (a *Array) detachPaths() error {
	var errs []error
	for _, loop := range a.loops {
		errs = append(errs, machine.DetachLoop(loop))
	}
	a.loops = nil
	return errors.Join(errs...)
}
