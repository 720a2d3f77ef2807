// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// openerPause is between two looks: long enough for an array to be stopped in, for
// a running one cannot be while it is open (R18), on CPUs that all workers share.
const openerPause = 8 * time.Millisecond

// opener opens a device by its number, reads, and closes it, again and again while
// sysfs shows it. No open may fail, whatever happens to the array meanwhile (R7).
type opener struct {
	name    string
	node    string
	remove  func() // removes the node
	over    atomic.Bool
	looks   sync.Mutex // held while it looks
	company *company   // that it brings; nil: none
	result  chan map[string]int
}

func startOpener(name string, minor uint32) (*opener, error) {
	node, remove, err := md.PrivateNode(md.Major, minor)
	if err != nil {
		return nil, err
	}
	o := &opener{name: name, node: node, remove: remove, result: make(chan map[string]int, 1)}
	go o.look()
	return o, nil
}

func (o *opener) look() {
	seen := map[string]int{}
	var block [4096]byte
	for !o.over.Load() {
		took := o.lookOnce(seen, block[:])
		time.Sleep(max(openerPause, took)) // slow disks must leave as much time for a stop
	}
	o.result <- seen
}

// lookOnce opens, reads and closes the device, if it is there, and returns how long that took, once it
// was let.
func (o *opener) lookOnce(seen map[string]int, block []byte) time.Duration {
	o.looks.Lock()
	defer o.looks.Unlock()
	start := time.Now()
	o.lookLocked(seen, block)
	return time.Since(start)
}

func (o *opener) lookLocked(seen map[string]int, block []byte) {
	if !md.Exists(o.name) {
		return // it would make one, which stays (R3)
	}
	fd, err := md.Open(o.node, unix.O_RDONLY)
	seen[md.ErrnoName(err)]++
	if err != nil {
		return
	}
	defer unix.Close(fd)        // behind the company's: it must not make a device where this one has gone
	_, _ = unix.Read(fd, block) // fails where an array has lost too much
	if o.company == nil {
		return
	}
	if err := o.company.visit(o.node); err != nil {
		seen[md.ErrnoName(err)]++
	}
}

// Unwatched returns a step in which the opener does not look: where its read would have to wait for
// what the steps themselves hold.
func (a *Array) Unwatched(steps ...func() error) func() error {
	return func() error {
		if a.opener != nil { // unit tests have none
			a.opener.looks.Lock()
			defer a.opener.looks.Unlock()
		}
		return Steps(steps...)
	}
}

// end ends the opener, and returns its opens by outcome. An error says that one does not
// return.
func (o *opener) end() (map[string]int, error) {
	o.over.Store(true)
	defer o.remove()
	select {
	case opens := <-o.result:
		return opens, nil
	case <-time.After(GoneLimit):
		return nil, fmt.Errorf("an open or close of %s does not return", o.node)
	}
}
