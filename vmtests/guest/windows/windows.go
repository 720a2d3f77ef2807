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
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"rsc.io/script"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/racepoint"
)

//go:embed scripts/*.txt
var scripts embed.FS

// Names lists the scripts in the order of the windows' table.
func Names() []string {
	entries, err := fs.ReadDir(scripts, "scripts")
	if err != nil {
		panic(err) // the directory is embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".txt"))
	}
	slices.SortFunc(names, byNumber)
	return names
}

// NeedsModule tells whether a window is skipped where md is built in.
func NeedsModule(name string) bool {
	text, _ := scripts.ReadFile(path.Join("scripts", name+".txt"))
	return strings.Contains(string(text), "[!file:/sys/module/md_mod/initstate] skip")
}

// byNumber puts W2b after W2 and W10 after W9.
func byNumber(a, b string) int {
	number := func(name string) (n int, rest string) {
		_, _ = fmt.Sscanf(name, "W%d", &n)
		return n, strings.TrimLeft(name, "W0123456789")
	}
	na, resta := number(a)
	nb, restb := number(b)
	if na != nb {
		return na - nb
	}
	return strings.Compare(resta, restb)
}

// choose returns all names for none and for [event.AllWindows].
func choose(names []string) ([]string, error) {
	all := Names()
	if len(names) == 0 || slices.Contains(names, event.AllWindows) {
		return all, nil
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("no window %s; there are %s", name, strings.Join(all, " "))
		}
	}
	return names, nil
}

// Check says which name is no window's.
func Check(names []string) error {
	_, err := choose(names)
	return err
}

// Run runs the scripts of these names, or all, and reports each. An error means
// that they could not be run. Those that spoil an unpatched kernel are left to a
// call with last, after which nothing else shall be tried.
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

// spoils tells whether a script says that it leaves an unpatched kernel unusable.
func spoils(name string) bool {
	text, err := scripts.ReadFile(path.Join("scripts", name+".txt"))
	return err == nil && bytes.Contains(text, []byte("\n# Spoils "))
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
	text, err := scripts.ReadFile(path.Join("scripts", name+".txt"))
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
	return w, s.strike()
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

// title is what a script's line "# W1: …" says.
func title(text []byte) string {
	for line := range strings.Lines(string(text)) {
		if _, title, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "# W") {
			return strings.TrimSpace(title)
		}
	}
	return ""
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
