// SPDX-License-Identifier: BSD-3-Clause

package link

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"mdlife/vmtests/event"
)

// TestLines sends from several goroutines while heartbeats go on: every line must be
// one whole event.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	l := Lines(&out)
	l.Phase("checks")
	l.Count(5, 1)
	l.StartHeartbeat()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				l.Send(event.Event{Check: &event.Check{Name: "R1", Detail: strings.Repeat("x", 200)}})
			}
		})
	}
	all.Wait()
	time.Sleep(heartbeatEvery + heartbeatEvery/2)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	checks, beats := 0, 0
	for line := range strings.Lines(out.String()) {
		var e event.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if e.Uptime <= 0 {
			t.Errorf("no uptime in %q", line)
		}
		switch {
		case e.Check != nil:
			checks++
		case e.Heartbeat != nil:
			beats++
			if *e.Heartbeat != (event.Heartbeat{Phase: "checks", Done: 5, Failed: 1}) {
				t.Errorf("beat %+v", *e.Heartbeat)
			}
		}
	}
	if checks != 200 || beats == 0 {
		t.Errorf("%d checks and %d beats arrived", checks, beats)
	}
}

func TestPhaseStartsAtZero(t *testing.T) {
	l := Lines(&bytes.Buffer{})
	l.Count(5, 1)
	l.Phase("race")
	if b := l.heartbeat(); b.Done != 0 || b.Failed != 0 || b.Phase != "race" {
		t.Errorf("beat %+v", b)
	}
}

func TestCloseGivesTheFirstError(t *testing.T) {
	broken := errors.New("broken pipe")
	l := Lines(&bytes.Buffer{})
	l.emit = func(event.Event) error { return broken }
	l.Send(event.Event{})
	if err := l.Close(); !errors.Is(err, broken) {
		t.Errorf("Close: %v", err)
	}
}
