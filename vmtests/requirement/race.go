// SPDX-License-Identifier: BSD-3-Clause

package requirement

import "mdlife/vmtests/event"

// Allowed reports whether a call in a race may end with this outcome on a kernel that
// keeps the requirements. Every outcome that is not listed here is a failure:
// EINTR too, since the racing threads block every signal that is not fatal.
//
//   - EBUSY from an O_EXCL open: another opener holds the claim (R18, W6).
//   - EIO from a read: the array has been stopped (R8).
//   - EBUSY from a stop or clear of an array that runs, which one without
//     members never does: an opener has it open.
//   - ENXIO from an opener's open of an array made by name: it is gone, and an
//     open does not create minors from 512 on (R19). The creator's own open
//     must succeed, for the array is kept until it is stopped (R13).
//   - KEPT from settle, except for an array made by name: openers go on opening the
//     bare number after the device has gone. An open that raced with nothing makes a
//     device that stays until an ioctl (R3), and only the kernel can tell it
//     from an open that lost a race (R23); the mdadm loop and the check
//     R23-nothing-comes-back have openers that open only the devices that they see.
//   - EEXIST from making a named array again under the name just stopped: an
//     opener still has the old one open (R11).
func Allowed(spec event.RaceSpec, call, outcome string) bool {
	if outcome == event.OK {
		return true
	}
	named := spec.Stop == event.StopNamed
	switch call {
	case event.CallOpenRO, event.CallOpenRW:
		return named && outcome == "ENXIO"
	case event.CallOpenExcl:
		return outcome == "EBUSY" || named && outcome == "ENXIO"
	case event.CallRead:
		return outcome == "EIO"
	case event.CallStop, event.CallClear:
		return outcome == "EBUSY" && spec.Members > 0
	case event.CallReuse:
		return outcome == "EEXIST"
	case event.CallSettle:
		return outcome == event.Kept && !named
	}
	return false
}
