// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// AssembleByIoctl assembles the array of these members, which have metadata of version 1.2, as mdadm
// does in the end, and returns it open, past the page cache: it takes a small part of mdadm's time.
func (a *Array) AssembleByIoctl(members []string) (*os.File, error) {
	return a.assembleByIoctl(members, func(f *os.File) error {
		if err := md.RunArray(int(f.Fd())); err != nil {
			return fmt.Errorf("RUN_ARRAY: %w", err)
		}
		return nil
	})
}

// AssembleReadAuto does that too, but there is no resync before the first write, and so there is time to
// hold it.
func (a *Array) AssembleReadAuto(members []string) (*os.File, error) {
	return a.assembleByIoctl(members, func(*os.File) error { return a.Set("array_state", md.StateReadAuto) })
}

func (a *Array) assembleByIoctl(members []string, run func(*os.File) error) (*os.File, error) {
	if err := Retry(a.newArray); err != nil {
		return nil, err
	}
	f, err := OpenDirect(a.KernelDev(), os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if err := a.configure(f, members); err != nil {
		return nil, errors.Join(err, a.StopOpen(f))
	}
	if err := run(f); err != nil {
		return nil, errors.Join(err, a.StopOpen(f))
	}
	return f, nil
}

// configure gives the array that is open its members.
func (a *Array) configure(f *os.File, members []string) error {
	fd := int(f.Fd())
	if err := md.SetArrayInfo(fd, md.ArrayInfo{MajorVersion: 1, MinorVersion: 2}); err != nil {
		return fmt.Errorf("SET_ARRAY_INFO: %w", err)
	}
	for _, m := range members {
		major, minor, err := md.NumberOf(m)
		if err != nil {
			return err
		}
		// udevd's rules have mdadm look at a member now and then, and claim it meanwhile.
		disk := md.DiskInfo{Major: int32(major), Minor: int32(minor)}
		if err := RetryBusy(func() error { return md.AddNewDisk(fd, disk) }); err != nil {
			return fmt.Errorf("ADD_NEW_DISK %s: %w", m, err)
		}
	}
	return nil
}

// StopOpen stops the array on an open descriptor, and closes that. It does not wait until the device
// has gone.
func (a *Array) StopOpen(f *os.File) error {
	var err error
	_ = wait.Until(a.ctx, GoneLimit, 2*time.Millisecond, func() (bool, error) { // else err says more
		err = a.host.StopArray(f)
		return !errors.Is(err, unix.EBUSY), nil
	})
	if err != nil {
		err = fmt.Errorf("STOP_ARRAY: %w", err)
	}
	return errors.Join(err, f.Close())
}

// beside is a device without an array that stays. While there is one, md does not make and destroy the
// caches of its memory with each array, and wait for the destruction.
const beside = "md_beside"

// Quickly returns a step in which the array can be assembled and stopped hundreds of times: with
// short grace periods, and with udevd leaving it alone.
func (a *Array) Quickly(steps ...func() error) func() error {
	return func() error {
		if err := md.NewArray(beside); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("new_array %s: %w", beside, err)
		}
		done, err := machine.HurryRCU()
		if err != nil {
			return err
		}
		err = a.Unwatched(a.LeftAlone(steps...))()
		return errors.Join(err, done())
	}
}
