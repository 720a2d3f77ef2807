// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
)

// flushBefore sends the array a write with REQ_PREFLUSH: none of its data may be on a member before all
// members have flushed (Documentation/block/writeback_cache_control.rst). A file system's commit block is
// such a write, and so are the superblocks of an array that this one is a member of.
var flushBefore = scenario{name: "flush-before-data", on: array.Personality.OwnMetadata, company: array.NoCompany, run: func(a *array.Array) (string, error) {
	err := array.Steps(
		a.Step("make disks", func() error { return a.UseNullBlksAllWith(map[string]string{"cache_size": "4"}) }, a.UseGates),
		a.Step("create", a.Create(a.Personality.CleanIfRedundant()), a.Settle),
		// Its own superblocks, which each member flushes for by itself, must not be written meanwhile.
		a.Step("write", a.StayActive, a.Write),
	)
	if err != nil {
		return "", err
	}
	stack, err := array.NewStack(a)
	if err != nil {
		return "", err
	}
	defer stack.Mapper.Close()
	waited, err := underArray(stack)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("the data came after %v, all flushes took %v", waited.Round(time.Millisecond), flushDelay), a.Do("stop", a.Stop(array.ByIoctl))
}}

// underArray puts another array on this one, and has it write a superblock while flushes take long.
func underArray(stack *array.Stack) (waited time.Duration, err error) {
	var upper string
	err = stack.Do("put an array on it", func() (err error) {
		upper, err = stack.PutArray(false)
		return err
	})
	if err != nil {
		return 0, err
	}
	err = array.Steps(
		stack.Step("flushes take long", func() error { return stack.DelayFlushes(flushDelay) },
			func() error { return rest(stack.Array, filepath.Base(upper)) }),
		stack.Step("write a superblock to it", func() (err error) {
			waited, err = dataWait(stack.Array, upper)
			return err
		}),
	)
	if undo := array.Steps(stack.MendGates, stack.TakeArrayOff); undo != nil { // or its members stay in use
		err = errors.Join(err, undo)
	}
	return waited, err
}

// rest waits until the upper array is clean, and nothing that was to be written or flushed for that is left.
func rest(a *array.Array, upper string) error {
	var before []array.Requests
	return wait.Until(a.Context(), array.CallLimit, 2*flushDelay, func() (bool, error) {
		now, err := a.Requests()
		if err != nil {
			return false, err
		}
		still := slices.Equal(before, now)
		before = now
		state, err := md.ReadAttr(upper, "md/array_state")
		return still && state == "clean", err
	})
}

// flushDelay is how long a flush of a member takes.
const flushDelay = 400 * time.Millisecond

// dataWait writes to the upper array, which is clean, so that it writes its superblock first, and looks
// whether that comes to a member before all members have flushed.
func dataWait(a *array.Array, upper string) (waited time.Duration, err error) {
	before, err := a.Requests()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	data := array.Pattern{Generation: 1}
	write := array.Begin("write to "+upper, func() error { return data.WriteBlock(upper, 0) })
	ahead, err := watchFlushes(a, before)
	waited = time.Since(start)
	return waited, errors.Join(err, ahead, write.End(array.CallLimit))
}

// watchFlushes waits until something has been written to a member. It fails with ahead if a member
// has not flushed by then.
func watchFlushes(a *array.Array, before []array.Requests) (ahead, err error) {
	err = wait.Until(a.Context(), array.CallLimit, time.Millisecond, func() (bool, error) {
		written, err := a.Requests()
		if err != nil || !moreWrites(before, written) {
			return false, err
		}
		flushed, err := a.Requests() // a flush that was before the write is counted by now
		if err == nil {
			ahead = allHaveFlushed(a, before, flushed)
		}
		return true, err
	})
	if err != nil {
		err = fmt.Errorf("wait for a write to a member: %w", err)
	}
	return ahead, err
}

// moreWrites reports whether a disk has been written to since.
func moreWrites(before, now []array.Requests) bool {
	for i := range now {
		if now[i].Writes > before[i].Writes {
			return true
		}
	}
	return false
}

// allHaveFlushed fails if a member has not flushed since.
func allHaveFlushed(a *array.Array, before, now []array.Requests) error {
	for i := range a.First() {
		if now[i].Flushes == before[i].Flushes {
			return fmt.Errorf("data that come with a flush are on a member, but %s has not flushed: what was written before them may be lost",
				a.First()[i])
		}
	}
	return nil
}
