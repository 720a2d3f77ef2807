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
