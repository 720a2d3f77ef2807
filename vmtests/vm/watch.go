// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"fmt"
	"time"

	"mdlife/vmtests/event"
)

// watch follows the guest until its outcome is known; nil is success. A guest
// that hangs is asked for its blocked tasks first.
func (s *session) watch(ctx context.Context) *Failure {
	timeout := time.NewTimer(s.cfg.Timeout)
	defer timeout.Stop()
	silence := time.NewTimer(s.cfg.Silence)
	defer silence.Stop()
	var grace <-chan time.Time // ends a guest whose outcome is known
	events := s.events
	for {
		select {
		case <-ctx.Done():
			return nil // run sees it too
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			silence.Reset(s.cfg.Silence)
			s.event(e)
			if s.done && grace == nil {
				silence.Stop()
				timeout.Reset(doneGrace)
			}
		case finding := <-s.heard:
			if !s.done {
				silence.Reset(s.cfg.Silence)
			}
			if finding && grace == nil {
				grace, s.alarm = time.After(findingGrace), len(s.result.Events)
			}
		case err := <-s.badPort:
			return &Failure{Reason: err.Error()}
		case <-grace:
			if _, found := s.console.findings(); len(found) > 0 {
				return &Failure{}
			}
			grace, s.alarm = nil, 0 // what is expected was not the first line of the report
		case <-silence.C:
			return s.hung(fmt.Sprintf("silent for %v", s.cfg.Silence))
		case <-timeout.C:
			if s.done {
				return s.hung(fmt.Sprintf("did not switch off within %v of being done", doneGrace))
			}
			return s.hung(fmt.Sprintf("not done after %v", s.cfg.Timeout))
		case err := <-s.exited:
			s.exited <- err // for run
			return s.ended(events, err)
		}
	}
}

// event takes one event of the guest.
func (s *session) event(e event.Event) {
	if len(s.result.Events) == 0 {
		s.result.BootToHello = time.Since(s.started)
	}
	s.result.Events = append(s.result.Events, e)
	s.done = s.done || e.Done != nil
	if s.cfg.OnEvent != nil {
		s.cfg.OnEvent(e)
	}
}

// ended takes the events that are still on their way once QEMU has gone, and
// judges its end. QEMU's exit status says little: a panic ends it with 0.
func (s *session) ended(events <-chan event.Event, exit error) *Failure {
	for e := range orClosed(events) {
		s.event(e)
	}
	switch {
	case s.done:
		return nil
	case exit != nil:
		return &Failure{Reason: fmt.Sprintf("QEMU ended before the guest was done: %v", exit)}
	default:
		return &Failure{Reason: "the machine ended before the guest was done"}
	}
}

// orClosed returns a channel that can be drained.
func orClosed(events <-chan event.Event) <-chan event.Event {
	if events != nil {
		return events
	}
	closed := make(chan event.Event)
	close(closed)
	return closed
}

// hung has the guest print its blocked tasks and what its CPUs do. The kernel
// does so even where no program runs any more, as long as it takes interrupts
// and something has opened the console.
func (s *session) hung(reason string) *Failure {
	f := &Failure{Reason: reason, Tail: s.console.last()}
	s.console.mark()
	m := newMonitor(s.sockets["monitor"].host)
	for _, command := range []string{"w", "l"} {
		err := m.sendBreak()
		if err == nil {
			_, err = s.sockets["console"].host.Write([]byte(command))
		}
		if err != nil {
			f.Blocked = append(f.Blocked, "cannot ask: "+err.Error())
			return f
		}
		s.settle()
	}
	f.Blocked = s.console.since()
	if len(f.Blocked) == 0 {
		f.Blocked = []string{"the kernel does not answer"}
	}
	return f
}

// settle waits until the console is quiet again. Events are not waited for,
// but must not be held up: the guest would be held up with them.
func (s *session) settle() {
	limit := time.After(dumpLimit)
	events := s.events
	for {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			s.event(e)
		case <-s.heard:
		case <-time.After(dumpQuiet):
			return
		case <-limit:
			return
		}
	}
}
