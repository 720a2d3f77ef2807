// SPDX-License-Identifier: BSD-3-Clause

// Package progress shows how far a long run has come: phases such as fetch,
// unpack, build or boot, each with the time it has taken and the time that the
// same phase took in earlier runs.
//
// A terminal gets one line that is redrawn. Anything else gets a line when a
// phase ends, and now and then while it runs. Every method may be called from
// several goroutines at once, and on a nil [Tracker] or [Phase], which do
// nothing: a library can report progress without asking whether anybody looks.
//
// The display is not that of go-pretty's package progress (6.9.2): it has no plain
// form. It writes cursor movements to a file or pipe as well: 20 escape sequences in 11
// lines for a phase of one second. What it could replace here, the redrawn line, is 20 of
// 360 lines.
package progress

import (
	"context"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// How often a phase that is running is shown.
const (
	redrawEvery = 200 * time.Millisecond // on a terminal
	plainEvery  = 15 * time.Second       // elsewhere
)

// Timing is how long one phase took.
type Timing struct {
	Name   string        `json:"name"`
	Took   time.Duration `json:"took_ns"`
	Failed bool          `json:"failed,omitempty"`
}

// Tracker shows the phases of one run. The zero value is not usable: see [New].
type Tracker struct {
	mu      sync.Mutex
	w       io.Writer
	user    context.Context // ends when the user interrupts
	tty     bool
	drawn   bool // a redrawn line stands on the terminal
	now     func() time.Time
	history *history
	running []*Phase
	done    []Timing
	stop    chan struct{} // closes when no phase runs any more
}

// Phase is one step of a run, from [Tracker.Start] to [Phase.End].
type Phase struct {
	t           *Tracker
	name        string
	started     time.Time
	shown       time.Time // last plain line
	done, total int
	ended       bool
}

// New returns a tracker that writes to w, usually os.Stderr. A phase that ends
// with an error is "interrupted" if user has ended; one that was cancelled
// otherwise is "abandoned", because another has failed beside it. How long each
// phase takes is remembered between runs in [HistoryPath]; without such a file,
// or if it cannot be read, nothing is expected.
func New(user context.Context, w io.Writer) *Tracker {
	f, ok := w.(*os.File)
	return &Tracker{
		w:       w,
		user:    user,
		tty:     ok && term.IsTerminal(int(f.Fd())),
		now:     time.Now,
		history: loadHistory(HistoryPath()),
	}
}

// Start begins a phase. Phases may overlap. The name identifies the phase in
// the summary and, between runs, in the history of durations.
func (t *Tracker) Start(name string) *Phase {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	p := &Phase{t: t, name: name, started: now, shown: now}
	t.running = append(t.running, p)
	if t.stop == nil {
		t.stop = make(chan struct{})
		go t.tick(t.stop)
	}
	t.draw(now)
	return p
}

// Step sets how many units of the phase are done, of how many; total 0 means unknown.
func (p *Phase) Step(done, total int) {
	if p == nil {
		return
	}
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	p.done, p.total = done, total
}

// End finishes the phase, successfully where err is nil. Only the first call
// counts, so that a deferred End is harmless after an explicit one. Durations
// of failed phases are not remembered.
func (p *Phase) End(err error) {
	if p == nil {
		return
	}
	t := p.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	took := t.now().Sub(p.started)
	t.done = append(t.done, Timing{Name: p.name, Took: took, Failed: err != nil})
	t.remove(p)
	t.println(p.endLine(took, err))
	if err == nil {
		t.history.record(p.name, took)
	}
	if len(t.running) == 0 {
		close(t.stop)
		t.stop = nil
		t.history.save()
	}
}

// Summary returns the phases that have ended, in the order of their ends.
func (t *Tracker) Summary() []Timing {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Timing(nil), t.done...)
}

// remove takes an ended phase off the list. The caller holds t.mu.
func (t *Tracker) remove(p *Phase) {
	for i, q := range t.running {
		if q == p {
			t.running = append(t.running[:i], t.running[i+1:]...)
			return
		}
	}
}

// tick shows the running phases until stop closes.
func (t *Tracker) tick(stop <-chan struct{}) {
	every := plainEvery / 5
	if t.tty {
		every = redrawEvery
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			t.mu.Lock()
			t.draw(t.now())
			t.mu.Unlock()
		}
	}
}
