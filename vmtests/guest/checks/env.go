// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/tools/md/uevent"
	"mdlife/vmtests/guest/machine"
)

// How long things may take that need not wait for anything. Generous for a
// guest under TCG on a busy machine.
const (
	goneLimit  = 2 * time.Second
	returnTime = time.Second            // for a call that must not wait (R20)
	backLimit  = 300 * time.Millisecond // for a device that came back to go again (R23)
	settleTime = 300 * time.Millisecond // to see that a device stays (R3, R13, R14)
)

// env is what the checks share.
type env struct {
	pairs   [][]string // of members; the first is in use
	members []string
	raid1   md.Array // of the members
	nodes   md.Nodes
	uevents *uevent.Listener

	mu    sync.Mutex
	used  uint32 // how many minors were handed out
	fds   map[int]bool
	stuck map[string]bool // devices that would not go
}

func newEnv(pairs [][]string) (*env, error) {
	e := &env{pairs: pairs, fds: map[int]bool{}, stuck: map[string]bool{}}
	err := e.chooseMembers()
	if err != nil {
		return nil, err
	}
	if e.uevents, err = uevent.Listen(); err != nil {
		return nil, err
	}
	if e.nodes, err = md.NewNodes(); err != nil {
		e.uevents.Close()
		return nil, err
	}
	return e, nil
}

// chooseMembers takes the first pair that nobody has claimed: an array that one
// check cannot get rid of, on an unpatched kernel, is not another's fault.
func (e *env) chooseMembers() (err error) {
	for len(e.pairs) > 1 && slices.ContainsFunc(e.pairs[0], md.Claimed) {
		e.pairs = e.pairs[1:]
	}
	e.members = e.pairs[0]
	e.raid1, err = md.Raid1(e.members...)
	return err
}

func (e *env) end() {
	e.uevents.Close()
	e.nodes.Remove()
}

// cleanUp closes what a check has left open and removes every md device.
func (e *env) cleanUp() error {
	expediteRCU(true)
	defer expediteRCU(false)
	e.mu.Lock()
	fds := e.fds
	e.fds = map[int]bool{}
	e.mu.Unlock()
	for fd := range fds {
		unix.Close(fd)
	}
	var errs []error
	for _, name := range md.Devices() {
		if e.stuck[name] {
			continue // what one check has left behind for good is not another's fault
		}
		if err := md.Remove(name, goneLimit); err != nil {
			e.stuck[name] = true
			errs = append(errs, err)
		}
	}
	_, _ = e.uevents.Take()
	return errors.Join(errs...)
}

// disk is a device that a check works with.
type disk struct {
	env   *env
	name  string
	minor uint32
	node  string // private, so that it does not come and go
}

// fresh returns a numbered device that nobody has used since boot. It does not
// exist yet: an open of its node makes it.
func (e *env) fresh() (*disk, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	minor, err := machine.CheckMinors.Nth(e.used)
	if err != nil {
		return nil, err
	}
	e.used++
	return e.disk(md.Name(minor), minor)
}

// named returns the device that new_array has made under a name.
func (e *env) named(name string) (*disk, error) {
	_, minor, err := md.DevNumber(name)
	if err != nil {
		return nil, fmt.Errorf("%s was made through new_array, but /sys/block/%s/dev: %w", name, name, err)
	}
	return e.disk(name, minor)
}

func (e *env) disk(name string, minor uint32) (*disk, error) {
	node, err := e.nodes.Make(md.Major, minor)
	return &disk{env: e, name: name, minor: minor, node: node}, err
}

// open opens the device. The descriptor is closed after the check if not before.
func (d *disk) open(flags int) (int, error) {
	fd, err := md.Open(d.node, flags)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", d.name, err)
	}
	d.env.mu.Lock()
	d.env.fds[fd] = true
	d.env.mu.Unlock()
	return fd, nil
}

// close closes a descriptor from open.
func (e *env) close(fd int) {
	e.mu.Lock()
	delete(e.fds, fd)
	e.mu.Unlock()
	unix.Close(fd)
}

// configured opens a device and configures an array on it that does not run.
func (d *disk) configured() (int, error) {
	fd, err := d.open(unix.O_RDWR)
	if err != nil {
		return fd, err
	}
	if err := md.SetArrayInfo(fd, md.Array{}.Info()); err != nil {
		return fd, fmt.Errorf("SET_ARRAY_INFO on %s: %w", d.name, err)
	}
	return fd, nil
}

// running opens a device and starts an array on it.
func (d *disk) running(a md.Array) (int, error) {
	fd, err := d.open(unix.O_RDWR)
	if err != nil {
		return fd, err
	}
	if err := a.Start(fd); err != nil {
		return fd, fmt.Errorf("%s: %w", d.name, err)
	}
	return fd, nil
}

// freshRunning returns a fresh device with a raid1 running on it, opened.
func (e *env) freshRunning() (*disk, int, error) {
	d, err := e.fresh()
	if err != nil {
		return nil, -1, err
	}
	fd, err := d.running(e.raid1)
	return d, fd, err
}

// freshConfigured returns a fresh device with an array on it that does not run,
// opened.
func (e *env) freshConfigured() (*disk, int, error) {
	d, err := e.fresh()
	if err != nil {
		return nil, -1, err
	}
	fd, err := d.configured()
	return d, fd, err
}

// stop stops the array by STOP_ARRAY.
func (d *disk) stop(fd int) error {
	if err := md.StopArray(fd); err != nil {
		return fmt.Errorf("STOP_ARRAY on %s: %w", d.name, err)
	}
	return nil
}

// gone fails unless the device goes from everywhere within a limit.
func (d *disk) gone(limit time.Duration) error {
	var left []string
	err := wait.Until(context.Background(), limit, 2*time.Millisecond, func() (bool, error) {
		left = md.Left(d.name)
		return len(left) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("%s is still in %s after %v", d.name, strings.Join(left, ", "), limit)
	}
	return nil
}

// removable fails unless the device goes after a stop on fd and a close.
func (d *disk) removable(fd int) error {
	if err := d.stop(fd); err != nil {
		return err
	}
	d.env.close(fd)
	return d.gone(goneLimit)
}

// stays fails unless the device is there now and for a while.
func (d *disk) stays() error {
	if md.WaitGone(d.name, settleTime) {
		return fmt.Errorf("%s has gone, but must stay", d.name)
	}
	return nil
}

// want fails unless err is the errno.
func want(what string, err error, errno unix.Errno) error {
	if errors.Is(err, errno) {
		return nil
	}
	return fmt.Errorf("%s: %s instead of %s", what, md.ErrnoName(err), md.ErrnoName(errno))
}

// within fails unless f returns within a limit. f runs on a thread of its own.
func within(limit time.Duration, what string, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- md.OnThread(f) }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return fmt.Errorf("%s does not return within %v", what, limit)
	}
}
