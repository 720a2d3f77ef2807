// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"mdlife/vmtests/guest/array"
)

// fault is what goes wrong with the second member while the array is in use.
type fault struct {
	name  string
	disks func(*array.Array) (victim, error) // makes the members
	begin func(victim) error                 // makes the second fail
	end   func(victim) error                 // and work again
	clean func(array.Personality) bool       // whether the array is made without a resync; nil: never
}

// victim is the member that fails.
type victim interface {
	Node() string
	KernelName() string
}

// onDisk makes a step of a fault out of one for a kind of disk.
func onDisk[D victim](f func(D) error) func(victim) error {
	return func(v victim) error { return f(v.(D)) }
}

// disksOf makes the members of a fault out of a function for a kind of disk.
func disksOf[D victim](make func(*array.Array) (D, error)) func(*array.Array) (victim, error) {
	return func(a *array.Array) (victim, error) { return make(a) }
}

// run has the second member fail in use, and whatever can go on go on.
func (f fault) run(a *array.Array) (seen string, err error) {
	var v victim
	err = array.Steps(
		a.Step("make disks", func() (err error) {
			v, err = f.disks(a)
			return err
		}),
		a.Step("create", a.Create(array.Recipe{Clean: f.clean != nil && f.clean(a.Personality)})),
		a.Step("write", a.Settle, a.Write),
		a.Step("member fails", func() error { return f.begin(v) }),
	)
	if err != nil {
		return "", err
	}
	if !a.Personality.Redundant() {
		return failCleanly(a)
	}
	return f.goOn(a, v)
}

// goOn reads and writes on, and puts the member back when it works again.
func (f fault) goOn(a *array.Array, v victim) (string, error) {
	var degraded bool
	err := array.Steps(
		// A mirror may have read from the other member only, before all members are read.
		a.Step("read and write without it", a.Verify, func() error { return readAllMembers(a) }, a.Write, a.Verify),
		func() (err error) {
			degraded, err = noticed(a, v)
			return err
		},
		a.Step("member works again", func() error { return f.end(v) }, func() error {
			if !degraded {
				return nil
			}
			return comeBack(a, v)
		}),
		a.Step("rebuild, and verify", a.Settle, a.CheckNotDegraded, a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByMdadm)),
	)
	return fmt.Sprintf("degraded: %t", degraded), err
}

// readAllMembers makes md read all members, unless it goes on without one already.
func readAllMembers(a *array.Array) error {
	if a.CheckNotDegraded() != nil {
		return nil
	}
	_, err := a.Mismatches("check")
	return err
}

// noticed reports whether md goes on without the member, and fails where it has not
// noticed anything: then the test case would show nothing. md may also go on with it, and
// keep a list of what is bad on it, or have written anew what it could not read.
func noticed(a *array.Array, v victim) (degraded bool, err error) {
	missing, err := a.Attr("degraded")
	if err != nil || missing != "0" {
		return true, err
	}
	dir := array.MemberDir(v.Node())
	for attr, nothing := range map[string]string{
		dir + "/bad_blocks": "",
		dir + "/errors":     "0",
		"mismatch_cnt":      "0", // where raid1 counts what a check could not read
	} {
		if got, err := a.Attr(attr); err != nil || got != nothing {
			return false, err
		}
	}
	return false, fmt.Errorf("%s fails, and md has noticed nothing", v.KernelName())
}

// comeBack removes the failed member, and adds the disk as a new one.
func comeBack(a *array.Array, v victim) error {
	return array.Steps(
		a.RemoveFailed,
		func() error { return array.Wipe(v.Node()) },
		func() error { return a.Add(v.Node()) },
	)
}

// failCleanly wants an error, and no hang: with a member gone, its data are gone, too.
func failCleanly(a *array.Array) (seen string, err error) {
	err = a.Do("read and write without it", func() error {
		seen = "reads fail"
		err := a.Verify()
		if err == nil { // it may be that it only does not take writes
			seen, err = "writes fail", a.Write()
		}
		if err == nil {
			return errors.New("a read and a write of all succeeded, though a member fails")
		}
		if !strings.Contains(err.Error(), "input/output error") && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return seen, a.Do("stop", a.Stop(array.ByIoctl))
}
