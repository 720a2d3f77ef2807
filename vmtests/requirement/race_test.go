// SPDX-License-Identifier: BSD-3-Clause

package requirement

import (
	"testing"

	"mdlife/vmtests/event"
)

func TestAllowed(t *testing.T) {
	ioctl := event.RaceSpec{Stop: event.StopIoctl}
	raid1 := event.RaceSpec{Stop: event.StopIoctl, Members: 2}
	sysfs := event.RaceSpec{Stop: event.StopSysfs}
	named := event.RaceSpec{Stop: event.StopNamed}
	for _, c := range []struct {
		spec          event.RaceSpec
		call, outcome string
		want          bool
	}{
		{ioctl, event.CallOpenRO, event.OK, true},
		{ioctl, event.CallOpenRO, "ENXIO", false},
		{ioctl, event.CallOpenRO, "ENODEV", false},
		{ioctl, event.CallOpenRO, "EBUSY", false},
		{ioctl, event.CallOpenRW, "EEXIST", false},
		{ioctl, event.CallOpenRW, "EINTR", false},
		{ioctl, event.CallOpenRW, "errno 530", false},
		{ioctl, event.CallOpenRW, event.Hung, false},
		{ioctl, event.CallOpenExcl, "EBUSY", true},
		{ioctl, event.CallOpenExcl, "ENXIO", false},
		{ioctl, event.CallCreate, "EBUSY", false},
		{ioctl, event.CallStop, "EBUSY", false},
		{raid1, event.CallStop, "EBUSY", true},
		{raid1, event.CallStop, "ENODEV", false},
		{raid1, event.CallAddDisk, "EEXIST", false},
		{raid1, event.CallOpenRO, "EBUSY", false},
		{sysfs, event.CallClear, "EBUSY", false},
		{ioctl, event.CallRead, "EIO", true},
		{ioctl, event.CallRead, "ENXIO", false},
		{ioctl, event.CallSettle, event.There, false},
		{ioctl, event.CallSettle, event.Kept, true},
		{named, event.CallSettle, event.Kept, false},
		{named, event.CallOpenRO, "ENXIO", true},
		{named, event.CallOpenRW, "ENXIO", true},
		{named, event.CallOpenExcl, "ENXIO", true},
		{named, event.CallOpenRO, "ENODEV", false},
		{named, event.CallCreate, "ENXIO", false},
		{named, event.CallNewArray, "EEXIST", false},
		{named, event.CallReuse, "EEXIST", true},
		{named, event.CallReuse, "EINVAL", false},
		{ioctl, "a call from the future", "EPERM", false},
	} {
		if got := Allowed(c.spec, c.call, c.outcome); got != c.want {
			t.Errorf("%s race with %d members: %s %s: %v instead of %v",
				c.spec.Stop, c.spec.Members, c.call, c.outcome, got, c.want)
		}
	}
}
