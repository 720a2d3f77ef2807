// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/leak"
)

// Arrays made through md_mod's parameter new_array.
func init() {
	register(naming, expedited(
		check{"R10-named-minor", "R10", namedMinor},
		check{"R11-bad-names", "R11", badNames},
		check{"R13-named-kept-until-stop", "R13", namedKept},
		check{"R14-numbered-kept-until-stop", "R14", numberedKept},
	)...)
}

// makeNamed makes an array through new_array.
func (e *env) makeNamed(name string) (*disk, error) {
	if err := md.NewArray(name); err != nil {
		return nil, fmt.Errorf("%s > new_array: %w", name, err)
	}
	return e.named(name)
}

func namedMinor(e *env) (string, error) {
	a, err := e.makeNamed("md_foo")
	if err != nil {
		return "", err
	}
	b, err := e.makeNamed("md_bar")
	if err != nil {
		return "", err
	}
	if a.minor < md.FirstNamedMinor || b.minor < md.FirstNamedMinor || a.minor == b.minor {
		return "", fmt.Errorf("md_foo has minor %d and md_bar %d", a.minor, b.minor)
	}
	return fmt.Sprintf("md_foo got minor %d and md_bar %d", a.minor, b.minor), nil
}

func badNames(e *env) (string, error) {
	const times = 200 // a leak of one object each exceeds the slack
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	for _, name := range []string{"md_dup", d.name} {
		if _, err := e.makeNamed(name); err != nil {
			return "", err
		}
	}
	before := leak.Take()
	for range times {
		for _, bad := range []struct {
			name  string
			errno unix.Errno
		}{
			{"md_dup", unix.EEXIST}, {d.name, unix.EEXIST},
			{"md_" + strings.Repeat("x", 29), unix.E2BIG}, {"foo", unix.EINVAL}, {"mdx", unix.EINVAL},
		} {
			if err := want(bad.name+" > new_array", md.NewArray(bad.name), bad.errno); err != nil {
				return "", err
			}
		}
	}
	if leaks := before.Compare(time.Second); len(leaks) > 0 {
		return "", fmt.Errorf("after %d refused names: %s", times, strings.Join(leaks, "; "))
	}
	longest := "md_" + strings.Repeat("x", 28) // DISK_NAME_LEN is 32, with the 0
	err = within(returnTime, "making an array after refused names", func() error {
		_, err := e.makeNamed(longest)
		return err
	})
	if err != nil {
		return "", err
	}
	return "duplicate: EEXIST; 32 characters: E2BIG; foo, mdx: EINVAL; nothing leaked, a good name worked afterwards", nil
}

func namedKept(e *env) (string, error) {
	for _, stop := range []string{"ioctl", "sysfs"} {
		d, err := e.makeNamed("md_keep")
		if err != nil {
			return "", err
		}
		if err := d.keptUntilStop(stop); err != nil {
			return "", err
		}
	}
	return "md_keep stayed through close, ioctl and close, and went when stopped, by ioctl and by sysfs", nil
}

func numberedKept(e *env) (string, error) {
	for _, stop := range []string{"ioctl", "sysfs"} {
		d, err := e.fresh()
		if err != nil {
			return "", err
		}
		if _, err := e.makeNamed(d.name); err != nil {
			return "", err
		}
		if err := d.keptUntilStop(stop); err != nil {
			return "", err
		}
	}
	return "an mdNNN made through new_array stayed through close, ioctl and close, and went when stopped, by ioctl and by sysfs", nil
}

// keptUntilStop fails unless the device stays through an open with ioctls and a
// close, and goes once it is stopped.
func (d *disk) keptUntilStop(how string) error {
	fd, err := d.open(unix.O_RDWR)
	if err != nil {
		return err
	}
	// Both fail, but the second takes the array's lock: it ends the hold of a
	// device that an open has made.
	_, _ = md.GetArrayInfo(fd)
	_ = md.RestartArrayRW(fd)
	d.env.close(fd)
	if err := d.stays(); err != nil {
		return fmt.Errorf("made through new_array, opened, an ioctl, closed: %w", err)
	}
	if how == "sysfs" {
		if err := md.SetArrayState(d.name, md.StateClear); err != nil {
			return fmt.Errorf("clear > %s/md/array_state: %w", d.name, err)
		}
	} else {
		if fd, err = d.open(unix.O_RDWR); err != nil {
			return err
		}
		if err := d.stop(fd); err != nil {
			return err
		}
		d.env.close(fd)
	}
	if err := d.gone(goneLimit); err != nil {
		return fmt.Errorf("stopped by %s: %w", how, err)
	}
	return nil
}
