// SPDX-License-Identifier: BSD-3-Clause

// Package racepoint controls the kernel module of that name (kernel/racepoint),
// which holds a task at a chosen place in the kernel until it is released.
package racepoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
)

const dir = "/sys/kernel/debug/racepoint"

// Cap is how long a task is held at most, unless [Point] says otherwise.
const Cap = 2 * time.Second

// Load loads the module unless it is there.
func Load() error {
	if unix.Access(dir, unix.F_OK) == nil {
		return nil
	}
	image, err := os.ReadFile(event.Racepoint)
	if err != nil {
		return fmt.Errorf("racepoint is not in this guest: %w (it comes from the kernel's modules/)", err)
	}
	if err := unix.InitModule(image, ""); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("load %s: %w (was it built for this kernel? see dmesg)", event.Racepoint, err)
	}
	if err := unix.Access(dir, unix.F_OK); err != nil {
		return fmt.Errorf("racepoint is loaded, but %s: %w (is debugfs mounted?)", dir, err)
	}
	return nil
}

// Point is a place and which visit to it is held.
type Point struct {
	Name   string
	Symbol string // a kernel function; "+0x10" may follow, but no two builds agree on that
	Return bool   // not at the function's start, but when it has returned
	Task   int    // thread ID; 0: any
	Comm   string // what the thread's name begins with; "": any
	Nth    int    // which visit; 0: the first
	Watch  bool   // only count, hold nobody
	Cap    time.Duration
}

// options are p as the module reads it.
func (p Point) options() string {
	words := []string{"at=" + p.Symbol}
	add := func(wanted bool, word string) {
		if wanted {
			words = append(words, word)
		}
	}
	add(p.Return, "return")
	add(p.Watch, "watch")
	add(p.Task != 0, fmt.Sprintf("task=%d", p.Task))
	add(p.Comm != "", "comm="+p.Comm)
	add(p.Nth != 0, fmt.Sprintf("nth=%d", p.Nth))
	add(p.Cap != 0, fmt.Sprintf("cap=%d", p.Cap.Milliseconds()))
	return strings.Join(words, " ")
}

// Arm sets a point.
func Arm(p Point) error {
	err := control("arm " + p.Name + " " + p.options())
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("racepoint cannot hold at %s: %w (is it in /proc/kallsyms, and not inlined in this build?)", p.Symbol, err)
	}
	if err != nil {
		return fmt.Errorf("racepoint %s at %s: %w", p.Name, p.Symbol, err)
	}
	return nil
}

// Release releases the task that is held at a point; the point holds no task from then on.
func Release(name string) error {
	if err := control("release " + name); err != nil {
		return fmt.Errorf("racepoint: release %s: %w", name, err)
	}
	return nil
}

// Clear releases and forgets all points.
func Clear() error { return control("clear") }

func control(line string) error {
	fd, err := unix.Open(dir+"/control", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(line))
	return err
}

// The states of a point.
const (
	Armed    = "armed"    // nobody came
	Holding  = "holding"  // somebody is held
	Released = "released" // somebody was held and released
	Capped   = "capped"   // somebody was held until the cap
)

// Status is the state of a point.
type Status struct {
	Hits  int    // visits that match the point's conditions
	State string // Armed, Holding, Released or Capped
	Task  int    // who is or was held
	Lost  int    // visits that should have been held, but were not
}

// Look returns the status of a point. It is an error if the module could not hold a
// visit that it should have held.
func Look(name string) (Status, error) {
	text, err := os.ReadFile(dir + "/points")
	if err != nil {
		return Status{}, err
	}
	return parse(text, name)
}

// AnyHeld reports whether somebody is held at any point. It is an error if the module could not hold a
// visit that it should have held.
func AnyHeld() (bool, error) {
	text, err := os.ReadFile(dir + "/points")
	if err != nil {
		return false, err
	}
	return anyHeld(text)
}

func anyHeld(list []byte) (held bool, err error) {
	for line := range bytes.Lines(list) {
		_, st, wrong := parseLine(string(line))
		held, err = held || st.State == Holding, errors.Join(err, wrong)
	}
	return held, err
}

// parse returns the status of a point from the module's list.
func parse(list []byte, name string) (Status, error) {
	for line := range bytes.Lines(list) {
		if point, st, err := parseLine(string(line)); point == name {
			return st, err
		}
	}
	return Status{}, fmt.Errorf("racepoint: there is no point %s; %s/points lists those that are armed", name, dir)
}

func parseLine(line string) (point string, st Status, err error) {
	point, rest, _ := strings.Cut(line, " ")
	var at string
	_, err = fmt.Sscanf(rest, "at=%s hits=%d state=%s task=%d lost=%d", &at, &st.Hits, &st.State, &st.Task, &st.Lost)
	if err != nil {
		return point, st, fmt.Errorf("%s/points: %q: %w", dir, line, err)
	}
	if st.Lost > 0 {
		return point, st, fmt.Errorf("racepoint: visits table full: %d visits to %s (%s) were not held; "+
			"use fewer points at once, or make visits[] in kernel/racepoint/point.c larger", st.Lost, point, at)
	}
	return point, st, nil
}
