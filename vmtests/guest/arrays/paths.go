// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"os"

	"mdlife/vmtests/guest/machine"
)

// makePaths replaces the members by loop devices that are all the first member: what
// is written by one path is read by another.
func (r *rig) makePaths() error {
	disk, err := os.OpenFile(r.members[0], os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	r.members = nil
	for range r.level.members {
		loop, err := machine.AttachLoop(int(disk.Fd()))
		if err != nil {
			return err
		}
		r.loops = append(r.loops, loop)
		r.members = append(r.members, loop.Name())
	}
	return nil
}

// unpath lets the loop devices go, when the array has let go of them.
func (r *rig) unpath() error {
	var errs []error
	for _, loop := range r.loops {
		errs = append(errs, machine.DetachLoop(loop))
	}
	r.loops = nil
	return errors.Join(errs...)
}
