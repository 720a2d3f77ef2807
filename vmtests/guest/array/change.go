// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mdlife/internal/wait"
	"mdlife/vmtests/guest/machine"
)

// Change is another geometry for an array, to which its data move in a reshape. It is made
// through sysfs, as mdadm does in the end, so that a test case can stop between two steps.
type Change struct {
	Name   string // "grow"
	Disks  int    // members more
	Chunk  int    // KiB, 0 for the same
	Layout string // md/layout, "" for the same
	Level  string // md/level, "" for the same

	// Move is by how many KiB the data move towards the beginning of each member, if it is
	// negative towards its end. Where it is 0, new data go where old ones are.
	Move int
}

// DataOffset has data begin so late on each member that they can move.
const DataOffset = "--data-offset=4M"

// By how much data move: more than two rows of the largest chunks, with which no kernel overwrites what
// it has not written down as moved, if it computes rightly; growth gets along with just two. With more, a
// kernel that computes wrongly would overwrite nothing of a growing array.
const (
	roomKiB       = 128
	roomToGrowKiB = 2 * ChunkKiB
)

// Changes are the changes of geometry that a personality can go through, one kind each.
func (p Personality) Changes() (all []Change) {
	if !p.Redundant() || !p.Reshapes() {
		return nil
	}
	layout := map[string]string{
		"raid5": "0", "raid6": "18", // left-asymmetric, and the first that raid5 can take over
		"raid10-near": "0x10201", "raid10-offset": "0x102", // offset, and near
	}[p.Name]
	all = append(all,
		Change{Name: "grow", Disks: 1, Move: roomToGrowKiB},
		Change{Name: "chunk", Chunk: 2 * ChunkKiB, Move: roomKiB},
		Change{Name: "chunk-back", Chunk: 2 * ChunkKiB, Move: -roomKiB})
	if layout != "" {
		n, _ := strconv.ParseInt(layout, 0, 64) // md/layout wants a decimal number
		all = append(all, Change{Name: "layout", Layout: strconv.FormatInt(n, 10), Move: roomKiB})
	}
	return all
}

// ChangeNamed returns the personality's change of that name, and whether it has one.
func (p Personality) ChangeNamed(name string) (Change, bool) {
	for _, c := range p.Changes() {
		if c.Name == name {
			return c, true
		}
	}
	return Change{}, false
}

// HasChange returns whether personalities have a change of that name.
func HasChange(name string) func(Personality) bool {
	return func(p Personality) bool {
		_, has := p.ChangeNamed(name)
		return has
	}
}

// After returns the members of an array that has gone through a change.
func (a *Array) After(c Change) []string { return a.Members[:a.Personality.Disks+c.Disks] }

// Prepare tells md another geometry. The reshape, which [Array.BeginChange] begins, will be held
// before its first row, until [Array.HoldAt] or [Array.LetGo].
func (a *Array) Prepare(c Change) error {
	// What md does when an array has been assembled may not be over.
	steps := []func() error{func() error { return RetryBusy(a.Setting("sync_max", "0")) }}
	for i := range c.Disks {
		steps = append(steps, func() error { return a.Add(a.Members[a.Personality.Disks+i]) })
	}
	if c.Move < 0 {
		steps = append(steps, a.Setting("reshape_direction", "backwards"))
	}
	steps = append(steps, func() error { return a.MoveData(c, a.After(c)...) })
	for _, s := range []struct{ attr, value string }{
		{"level", c.Level}, {"raid_disks", more(a.Personality.Disks, c.Disks)}, {"chunk_size", more(0, c.Chunk<<10)}, {"layout", c.Layout},
	} {
		if s.value != "" {
			steps = append(steps, func() error { return RetryBusy(a.Setting(s.attr, s.value)) })
		}
	}
	return Steps(steps...)
}

// more returns a sum in digits, "" if there is nothing to add.
func more(n, add int) string {
	if add == 0 {
		return ""
	}
	return strconv.Itoa(n + add)
}

// MoveData sets where the data of some members will begin.
func (a *Array) MoveData(c Change, members ...string) error {
	if c.Move == 0 {
		return nil
	}
	for _, m := range members {
		text, err := a.Attr(MemberDir(m) + "/offset")
		if err != nil {
			return fmt.Errorf("md/%s/offset: %w", MemberDir(m), err)
		}
		offset, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("md/%s/offset: %w", MemberDir(m), err)
		}
		// md looks a moment whether there is anything to do for a new member.
		err = RetryBusy(a.Setting(MemberDir(m)+"/new_offset", strconv.Itoa(offset-2*c.Move)))
		if err != nil {
			return err
		}
	}
	return nil
}

// BeginChange begins the reshape. md refuses while it has not yet noticed that an earlier sync has ended.
func (a *Array) BeginChange() error {
	return RetryBusy(func() error { return a.Set("sync_action", "reshape") })
}

// HoldAt lets a reshape go on to so many KiB of each member (of raid10: of the array), and no further.
func (a *Array) HoldAt(kib int) error { return a.Set("sync_max", strconv.Itoa(2*kib)) }

// HoldInTheMiddle lets what is held go on to its middle.
func (a *Array) HoldInTheMiddle() error {
	return a.holdBefore(func(chunks int) int { return chunks / 2 })
}

// HoldBeforeEnd lets what is held go on until little is left to do.
func (a *Array) HoldBeforeEnd() error {
	return a.holdBefore(func(chunks int) int { return chunks - 1 })
}

// holdBefore lets what is held go on to one of the chunks that it has to do in all.
func (a *Array) holdBefore(which func(chunks int) int) error {
	text, err := a.Attr("sync_completed")
	if err != nil {
		return fmt.Errorf("md/sync_completed: %w", err)
	}
	_, all, _ := strings.Cut(text, " / ")
	sectors, err := strconv.Atoi(all)
	if err != nil {
		return fmt.Errorf("md/sync_completed is %q: %w", text, err)
	}
	const largest = 2 * ChunkKiB // it must be whole chunks
	return Steps(func() error { return a.HoldAt(which(sectors/2/largest) * largest) }, a.WaitForHold)
}

// LetGo ends the holding.
func (a *Array) LetGo() error { return a.Set("sync_max", "max") }

// WaitForHold waits until a reshape, a resync or a recovery has come to where it is held: its thread
// sleeps interruptibly, which it does nowhere else.
func (a *Array) WaitForHold() error { return a.waitForThread("S in md_do_sync", 2) }

// WaitForStuck waits until it does not get on, because a gate is shut.
func (a *Array) WaitForStuck() error { return a.waitForThread("D in ", 15) }

// waitForThread waits until the thread of what md does is in a state, at so many looks in a row at
// the same place.
func (a *Array) waitForThread(state string, looks int) error {
	var last string
	id, steady := 0, 0
	err := wait.Until(a.ctx, GoneLimit, 5*time.Millisecond, func() (bool, error) {
		if threadState(int64(id)) == "" {
			id = a.syncThread()
		}
		now := threadState(int64(id)) + " in " + machine.KernelStack(id)
		if steady++; now != last || !strings.HasPrefix(now, state) {
			steady = 0
		}
		last = now
		return steady == looks, nil
	})
	if err != nil {
		return fmt.Errorf("it is not held (%s), %s: %w", last, a.attrs(), err)
	}
	return nil
}

// syncThread returns the number of the thread that resyncs, recovers or reshapes, 0 if there is none.
func (a *Array) syncThread() int {
	return max(processNamed(a.KernelName()+"_reshape"), processNamed(a.KernelName()+"_resync"))
}

// processNamed returns the number of a process of this name, 0 if there is none.
func processNamed(name string) (id int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/comm") // the pattern is well-formed
	for _, path := range paths {
		comm, err := os.ReadFile(path)
		if err == nil && strings.TrimSpace(string(comm)) == name {
			id, _ = strconv.Atoi(filepath.Base(filepath.Dir(path)))
		}
	}
	return id
}

// EndReshape lets a reshape go on, and waits for its end, also where a member's failure has it begin
// once more.
func (a *Array) EndReshape() error {
	return Steps(a.LetGo, func() error {
		var at string
		err := wait.Until(a.ctx, CallLimit, 10*time.Millisecond, func() (over bool, err error) {
			at, err = a.Attr("reshape_position")
			return at == "none", err
		})
		if err == nil {
			return nil
		}
		return a.whyNotOver(fmt.Errorf("the reshape has not ended, but is at %s, %s: %w", at, a.attrs(), err))
	}, a.Settle)
}

// whyNotOver adds to an error where the thread of a reshape is, and that it hangs, if it does.
func (a *Array) whyNotOver(err error) error {
	id := a.syncThread()
	state := threadState(int64(id))
	err = fmt.Errorf("%w; its thread is %s in %s", err, state, machine.KernelStack(id))
	if state != "D" {
		return err
	}
	err = fmt.Errorf("%w, and %w", err, ErrHangs)
	return errors.Join(err, machine.ForgiveHangs())
}

// Reshape begins a reshape that has been prepared, and waits until it is held.
func (a *Array) Reshape() error { return Steps(a.BeginChange, a.WaitForHold) }
