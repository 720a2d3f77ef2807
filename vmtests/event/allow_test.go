// SPDX-License-Identifier: BSD-3-Clause

package event

import "testing"

func TestAllowed(t *testing.T) {
	ioctl := RaceSpec{Stop: StopIoctl}
	raid1 := RaceSpec{Stop: StopIoctl, Members: 2}
	sysfs := RaceSpec{Stop: StopSysfs}
	named := RaceSpec{Stop: StopNamed}
	for _, c := range []struct {
		spec          RaceSpec
		call, outcome string
		want          bool
	}{
		{ioctl, CallOpenRO, OK, true},
		{ioctl, CallOpenRO, "ENXIO", false},
		{ioctl, CallOpenRO, "ENODEV", false},
		{ioctl, CallOpenRO, "EBUSY", false},
		{ioctl, CallOpenRW, "EEXIST", false},
		{ioctl, CallOpenRW, "EINTR", false},
		{ioctl, CallOpenRW, "errno 530", false},
		{ioctl, CallOpenRW, Hung, false},
		{ioctl, CallOpenExcl, "EBUSY", true},
		{ioctl, CallOpenExcl, "ENXIO", false},
		{ioctl, CallCreate, "EBUSY", false},
		{ioctl, CallStop, "EBUSY", false},
		{raid1, CallStop, "EBUSY", true},
		{raid1, CallStop, "ENODEV", false},
		{raid1, CallAddDisk, "EEXIST", false},
		{raid1, CallOpenRO, "EBUSY", false},
		{sysfs, CallClear, "EBUSY", false},
		{ioctl, CallRead, "EIO", true},
		{ioctl, CallRead, "ENXIO", false},
		{ioctl, CallSettle, There, false},
		{ioctl, CallSettle, Kept, true},
		{named, CallSettle, Kept, false},
		{named, CallOpenRO, "ENXIO", true},
		{named, CallOpenRW, "ENXIO", true},
		{named, CallOpenExcl, "ENXIO", true},
		{named, CallOpenRO, "ENODEV", false},
		{named, CallCreate, "ENXIO", false},
		{named, CallNewArray, "EEXIST", false},
		{named, CallReuse, "EEXIST", true},
		{named, CallReuse, "EINVAL", false},
		{ioctl, "a call from the future", "EPERM", false},
	} {
		if got := Allowed(c.spec, c.call, c.outcome); got != c.want {
			t.Errorf("%s race with %d members: %s %s: %v instead of %v",
				c.spec.Stop, c.spec.Members, c.call, c.outcome, got, c.want)
		}
	}
}
