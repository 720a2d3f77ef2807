// SPDX-License-Identifier: BSD-3-Clause

package race

import (
	"errors"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/requirement"
)

// call is a kind of call, an index into callNames.
type call int

const (
	openRO call = iota
	openRW
	openExcl
	read
	newArray
	reuse
	number
	create
	set
	addDisk
	run
	stop
	clearState
	settle
	closing // never counted; only named when it hangs
	nCalls
)

var callNames = [nCalls]string{
	openRO: event.CallOpenRO, openRW: event.CallOpenRW, openExcl: event.CallOpenExcl,
	read: event.CallRead, newArray: event.CallNewArray, reuse: event.CallReuse,
	number: event.CallNumber, create: event.CallCreate, set: event.CallSet,
	addDisk: event.CallAddDisk, run: event.CallRun, stop: event.CallStop,
	clearState: event.CallClear, settle: event.CallSettle,
	closing: "close",
}

// maxErrno is above every errno that Linux gives to user space (133, plus the
// internal ones from 512 to 530, should they leak).
const maxErrno = 640

// Outcomes of settle that event.There and event.Kept name; 0 is success and the
// others are errnos.
const (
	there = maxErrno - 1
	kept  = maxErrno - 2
)

// counts has the calls of one thread by outcome. Atomic, so that a hung
// thread's counts can be read.
type counts [nCalls][maxErrno]atomic.Int64

// add counts one call that ended with err: nil, or an errno. An error of any
// other kind counts as EIO (there is none in the calls made here).
func (c *counts) add(kind call, err error) {
	c[kind][outcome(err)].Add(1)
}

func outcome(err error) int {
	if err == nil {
		return 0
	}
	errno := unix.EIO
	errors.As(err, &errno)
	return min(int(errno), maxErrno-2)
}

// merge adds the counts to a table by name.
func (c *counts) merge(into map[string]map[string]int64) {
	for kind := range c {
		for out := range c[kind] {
			n := c[kind][out].Load()
			if n == 0 {
				continue
			}
			row := into[callNames[kind]]
			if row == nil {
				row = map[string]int64{}
				into[callNames[kind]] = row
			}
			row[outcomeName(out)] += n
		}
	}
}

func outcomeName(out int) string {
	switch out {
	case 0:
		return event.OK
	case there:
		return event.There
	case kept:
		return event.Kept
	}
	return md.ErrnoName(unix.Errno(out))
}

// Totals sums a table of calls: the opens that openers made, and the calls of
// any kind that the requirements do not allow.
func Totals(spec event.RaceSpec, calls map[string]map[string]int64) (opens, failures int64) {
	for kind, row := range calls {
		for out, n := range row {
			switch kind {
			case event.CallOpenRO, event.CallOpenRW, event.CallOpenExcl:
				opens += n
			}
			if !requirement.Allowed(spec, kind, out) {
				failures += n
			}
		}
	}
	return opens, failures
}
