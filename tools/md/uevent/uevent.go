// SPDX-License-Identifier: BSD-3-Clause

// Package uevent listens to the kernel's own uevents, as udevd does
// (NETLINK_KOBJECT_UEVENT, lib/kobject_uevent.c).
package uevent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
)

// Event is one uevent of the kernel.
type Event struct {
	Action  string // "add", "change", "remove"
	DevPath string // "/devices/virtual/block/md0"
	Seq     uint64 // DISKSEQ, which tells a disk from the one before it; 0: none
}

// Block reports whether the event is about a whole disk, and not about one of its
// queues, partitions or kobjects.
func (e Event) Block() bool { return path.Base(path.Dir(e.DevPath)) == "block" }

// Name is the last part of the device's path, "md0".
func (e Event) Name() string { return path.Base(e.DevPath) }

// Listener collects events until it is closed.
type Listener struct {
	fd   int
	done chan struct{}

	mu     sync.Mutex
	events []Event
	lost   bool
	seen   int // markers that have come
	asked  int // markers that have been asked for
}

// marker is a device that has nothing to do with disks. An event that is asked
// of it comes after all events that were there before.
const marker = "/devices/virtual/mem/null"

// kernelGroup is the multicast group of events that come from the kernel.
const kernelGroup = 1

// Listen starts to collect events.
func Listen() (*Listener, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("uevent socket: %w (is CONFIG_NET in the kernel?)", err)
	}
	// A burst while nobody reads must fit; root may exceed the limit.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20)
	// So that the reader looks at done now and then.
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000})
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: kernelGroup}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("uevent socket: %w", err)
	}
	l := &Listener{fd: fd, done: make(chan struct{})}
	go l.read()
	return l, nil
}

func (l *Listener) read() {
	defer unix.Close(l.fd)
	buf := make([]byte, 16<<10)
	for {
		select {
		case <-l.done:
			return
		default:
		}
		n, err := unix.Read(l.fd, buf)
		l.take(buf[:max(n, 0)], err)
	}
}

// take keeps one message.
func (l *Listener) take(msg []byte, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(err, unix.ENOBUFS) {
		l.lost = true
	}
	e, ok := parse(msg)
	switch {
	case err != nil || !ok:
	case e.DevPath == marker:
		l.seen++
	default:
		l.events = append(l.events, e)
	}
}

// parse decodes "add@/devices/virtual/block/md0\0ACTION=add\0…".
func parse(msg []byte) (Event, bool) {
	head, rest, _ := bytes.Cut(msg, []byte{0})
	action, devpath, ok := strings.Cut(string(head), "@")
	e := Event{Action: action, DevPath: devpath}
	for variable := range bytes.SplitSeq(rest, []byte{0}) {
		if seq, found := bytes.CutPrefix(variable, []byte("DISKSEQ=")); found {
			e.Seq, _ = strconv.ParseUint(string(seq), 10, 64)
		}
	}
	return e, ok && strings.HasPrefix(devpath, "/")
}

// Drain returns all events since the last Drain or Take, up to those that the
// kernel has made by now: it asks for an event of another device and waits for
// that one. The error says that some are missing.
func (l *Listener) Drain() ([]Event, error) {
	if err := os.WriteFile("/sys"+marker+"/uevent", []byte("change"), 0); err != nil {
		return nil, fmt.Errorf("ask for a uevent: %w", err)
	}
	l.mu.Lock()
	l.asked++
	l.mu.Unlock()
	err := wait.Until(context.Background(), 5*time.Second, time.Millisecond, func() (bool, error) {
		return l.caughtUp(), nil
	})
	if err != nil {
		events, _ := l.Take()
		return events, fmt.Errorf("a uevent that was asked for did not come: %w", err)
	}
	return l.Take()
}

// caughtUp reports whether all markers have come, or are lost.
func (l *Listener) caughtUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen >= l.asked || l.lost
}

// Take is Drain without the wait: it returns what has come by now.
func (l *Listener) Take() ([]Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	events, lost := l.events, l.lost
	l.events, l.lost = nil, false
	if lost {
		return events, errors.New("the socket's buffer overran (ENOBUFS), some events are missing")
	}
	return events, nil
}

// Close ends the listening.
func (l *Listener) Close() { close(l.done) }
