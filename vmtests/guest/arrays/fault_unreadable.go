// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// ioLimit is how long I/O may take that gets an error in the end.
const ioLimit = 10 * time.Second

// unreadable has a member not read some of its blocks when the array has lost all
// redundancy: I/O gets an error, and the array can be stopped.
var unreadable = scenario{name: "fault-unreadable", on: needsOne, company: array.MayFail, run: func(a *array.Array) (string, error) {
	return "I/O gets an error", array.Steps(
		a.CreateOnNullBlks,
		a.Step("write, and lose members", a.Write, func() error { return a.FailSpread(a.Personality.MaxLost) },
			func() error { return a.NullBlks[1].Break(array.BadFirst, array.BadEnd) }),
		a.Step("read", func() error { return getsEIO(a, a.Verify) }),
		a.Step("write", func() error { return getsEIO(a, a.Write) }),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}}

// needsOne reports whether the second member has the only copies of data when others are
// lost: those of raid10's far and offset layouts are on members that are not.
func needsOne(p array.Personality) bool {
	return p.Redundant() && p.Variant() != "far" && p.Variant() != "offset"
}

// getsEIO wants an error, and soon.
func getsEIO(a *array.Array, io func() error) error {
	if err := a.Within(ioLimit, io); !errors.Is(err, unix.EIO) {
		return fmt.Errorf("no EIO, but %v", err)
	}
	return nil
}
