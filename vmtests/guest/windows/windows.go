// SPDX-License-Identifier: BSD-3-Clause

// Package windows forces the race windows of docs/requirements.md, one after the
// other: a script for each, in scripts/, holds one side at a place in the kernel
// (package racepoint) while the other acts. The scripts say what a kernel that
// keeps the promises does, and in a line "fails" what the unpatched one gives
// instead. The same script runs on both.
//
// `mdguest windows -help` in a guest lists the commands of the scripts.
package windows

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rsc.io/script"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/racepoint"
)

// Run runs the scripts of these names, or all, and reports each. An error means
// that they could not be run. Scripts that spoil an unpatched kernel run only in a
// call with last, after which nothing else must be tried.
func Run(ctx context.Context, members, names []string, last bool, report func(event.Window)) error {
	names, err := choose(names)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return spoils(name) != last })
	if len(names) == 0 {
		return nil
	}
	if err := racepoint.Load(); err != nil {
		return err
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w, err := force(ctx, members, name)
		report(w)
		if err != nil && !last {
			return fmt.Errorf("window %s: clean up afterwards: %w", name, err)
		}
	}
	return nil
}

// tries is how often a window is tried that could not be forced. A kprobe does
// not see who passes it while its CPU handles another one (nmissed), and
// mutex_unlock() has many visitors. A window that was forced counts, whatever it
// gave.
const tries = 3

// force runs a script until it has forced its window.
func force(ctx context.Context, members []string, name string) (event.Window, error) {
	for try := 1; ; try++ {
		w, err := runOne(ctx, members, name)
		w.Tries = try
		if w.Got != gotNotForced || try == tries || err != nil || ctx.Err() != nil {
			return w, err
		}
	}
}

// runOne runs a script and cleans up after it. The error is of the latter.
func runOne(ctx context.Context, members []string, name string) (event.Window, error) {
	text, err := textOf(name)
	if err != nil {
		return event.Window{}, err
	}
	s, err := newStage(members)
	if err != nil {
		return event.Window{}, err
	}
	start := time.Now()
	err = s.play(ctx, name+".txt", text)
	w := event.Window{Name: name, Title: title(text), Fails: s.fails, Seconds: time.Since(start).Seconds()}
	w.Held, w.Got, w.Skipped, w.Detail = judge(err)
	return w, s.cleanUp()
}

// play runs a script on the stage.
func (s *stage) play(ctx context.Context, name string, text []byte) error {
	state, err := script.NewState(ctx, "/", nil)
	if err != nil {
		return err
	}
	engine := &script.Engine{Cmds: s.commands(), Conds: conditions(), Quiet: true}
	return engine.Execute(state, name, bufio.NewReader(bytes.NewReader(text)), io.Discard)
}

// judge turns the end of a script into a result.
func judge(err error) (held bool, got, skipped, detail string) {
	var b broken
	var skip skipError
	switch {
	case err == nil:
		return true, "", "", ""
	case errors.As(err, &skip):
		return false, "", string(skip), ""
	case errors.As(err, &b):
		return false, b.got, "", err.Error()
	}
	return false, "error", "", err.Error()
}

// broken says that something did not go as the script promises: got is what
// came instead, in a word.
type broken struct{ got, detail string }

func (b broken) Error() string { return b.detail }

func brokenf(got, format string, args ...any) error {
	return broken{got, fmt.Sprintf(format, args...)}
}

// What a script can get beside an errno's name and "ok".
const (
	gotHang      = "hang"       // a call does not return
	gotNotForced = "not forced" // nobody came to the place, or nobody was held there long enough
	gotLeft      = "left"       // the device does not go
	gotOther     = "other disk" // an open got another disk than it should
	gotAnnounced = "announced"  // udev was told of a device that is there for one open
)

// skipError ends a script that makes no sense on this kernel, with the reason.
type skipError string

func (s skipError) Error() string { return "skipped: " + string(s) }

// Help prints the commands and conditions of the scripts.
func Help(w io.Writer) error {
	e := &script.Engine{Cmds: new(stage).commands(), Conds: conditions()}
	if err := e.ListCmds(w, true); err != nil {
		return err
	}
	s, err := script.NewState(context.Background(), "/", nil)
	if err != nil {
		return err
	}
	return e.ListConds(w, s)
}
