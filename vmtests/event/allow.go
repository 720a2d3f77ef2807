// SPDX-License-Identifier: BSD-3-Clause

package event

// The calls that a race counts in [Race.Calls].
const (
	CallOpenRO   = "open-ro"   // an opener's open(O_RDONLY)
	CallOpenRW   = "open-rw"   // an opener's open(O_RDWR)
	CallOpenExcl = "open-excl" // an opener's open(O_RDONLY|O_EXCL)
	CallRead     = "read"      // an opener's read of 4 KiB
	CallNewArray = "new_array" // write to new_array, of a name never used before
	CallReuse    = "new_array-reuse"
	CallNumber   = "number" // read of /sys/block/NAME/dev of a new named array
	CallCreate   = "create" // the creator's open(O_RDWR)
	CallSet      = "set"    // SET_ARRAY_INFO
	CallAddDisk  = "add_disk"
	CallRun      = "run"
	CallStop     = "stop"  // STOP_ARRAY
	CallClear    = "clear" // "clear" to md/array_state
	CallSettle   = "settle"
)

// Outcomes that are not the name of an errno.
const (
	OK    = "ok"
	Hung  = "HUNG"  // the call did not return for the race's hang limit
	Kept  = "KEPT"  // CallSettle: the device went only after an ioctl and a close
	There = "THERE" // CallSettle: nor did it go then
)

// OpenCalls lists the calls by openers that R7 speaks of. The creator's own
// opens (CallCreate) are bound by it too, but race with nothing of its own.
func OpenCalls() []string {
	return []string{CallOpenRO, CallOpenRW, CallOpenExcl, CallCreate}
}

// Allowed says whether a call in a race may end like that on a kernel that
// keeps the requirements. Everything that is not listed here is a failure:
// EINTR too, since the racing threads block every signal that is not fatal.
//
//   - EBUSY from an O_EXCL open: another opener holds the claim (R18, W6).
//   - EIO from a read: the array has been stopped (R8).
//   - EBUSY from a stop or clear of an array that runs, which one without
//     members never does: an opener has it open.
//   - ENXIO from an opener's open of an array made by name: it is gone, and an
//     open does not create minors from 512 on (R19). The creator's own open
//     must succeed, for the array is kept until it is stopped (R13).
//   - KEPT from settle, but for an array made by name: openers go on opening the
//     bare number after the device has gone. One that comes in peace makes a
//     device that stays until an ioctl (R3), and only the kernel can tell it
//     from one that lost a race (R23); the mdadm loop and the check
//     R23-nothing-comes-back have openers that open only what they see.
//   - EEXIST from making a named array again under the name just stopped: an
//     opener still has the old one open (R11).
func Allowed(spec RaceSpec, call, outcome string) bool {
	if outcome == OK {
		return true
	}
	named := spec.Stop == StopNamed
	switch call {
	case CallOpenRO, CallOpenRW:
		return named && outcome == "ENXIO"
	case CallOpenExcl:
		return outcome == "EBUSY" || named && outcome == "ENXIO"
	case CallRead:
		return outcome == "EIO"
	case CallStop, CallClear:
		return outcome == "EBUSY" && spec.Members > 0
	case CallReuse:
		return outcome == "EEXIST"
	case CallSettle:
		return outcome == Kept && !named
	}
	return false
}
