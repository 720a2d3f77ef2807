// SPDX-License-Identifier: BSD-3-Clause

// Package link carries events from a guest to its host.
package link

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hugelgupf/vmtest/guest"
	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
)

// Link sends events. It is safe for concurrent use.
type Link struct {
	mu     sync.Mutex
	emit   func(event.Event) error
	finish func() error
	err    error // the first that emit gave

	phase   atomic.Pointer[string]
	done    atomic.Int64
	failed  atomic.Int64
	quit    chan struct{}
	beating sync.WaitGroup
}

// Host opens the link to the host: the virtio-serial port named [event.Port],
// with the framing of vmtest's qevent package.
func Host() (*Link, error) {
	ch, err := guest.SerialEventChannel[event.Event](event.Port)
	if err != nil {
		return nil, fmt.Errorf("virtio-serial port %s: %w", event.Port, err)
	}
	return &Link{emit: ch.Emit, finish: ch.Close, quit: make(chan struct{})}, nil
}

// Lines makes a link that writes the events to w, one JSON object a line, for
// runs by hand.
func Lines(w io.Writer) *Link {
	enc := json.NewEncoder(w)
	return &Link{
		emit:   func(e event.Event) error { return enc.Encode(e) },
		finish: func() error { return nil },
		quit:   make(chan struct{}),
	}
}

// Send sends an event, stamped with the uptime. Errors are kept for Close.
func (l *Link) Send(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Uptime = uptime()
	if err := l.emit(e); err != nil && l.err == nil {
		l.err = fmt.Errorf("send event: %w", err)
	}
}

// heartbeatEvery is well below the second that [event.Heartbeat] promises.
const heartbeatEvery = 500 * time.Millisecond

// StartHeartbeat starts to send heartbeats about the phase that [Link.Phase] sets last.
func (l *Link) StartHeartbeat() {
	l.beating.Go(func() {
		tick := time.NewTicker(heartbeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-l.quit:
				return
			case <-tick.C:
				l.Send(event.Event{Heartbeat: l.heartbeat()})
			}
		}
	})
}

func (l *Link) heartbeat() *event.Heartbeat {
	b := event.Heartbeat{Done: int(l.done.Load()), Failed: int(l.failed.Load())}
	if phase := l.phase.Load(); phase != nil {
		b.Phase = *phase
	}
	return &b
}

// Phase begins a phase of the plan; its counts start at 0.
func (l *Link) Phase(name string) {
	l.Count(0, 0)
	l.phase.Store(&name)
}

// Count sets the counts that the next heartbeats report of the current phase.
func (l *Link) Count(done, failed int64) {
	l.done.Store(done)
	l.failed.Store(failed)
}

// Close ends the heartbeats and tells the host that no more events come.
func (l *Link) Close() error {
	close(l.quit)
	l.beating.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.finish(); err != nil && l.err == nil {
		l.err = err
	}
	return l.err
}

// uptime is CLOCK_BOOTTIME in seconds.
func uptime() float64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return float64(ts.Nano()) / 1e9
}
