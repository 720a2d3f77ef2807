// SPDX-License-Identifier: BSD-3-Clause

package bench

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"mdlife/vmtests/event"
)

// sample takes the samples of one benchmark after a call that does not count. units are
// how many of its unit one call of do takes.
func (m *parity) sample(what string, threads int, per string, units int64, do func() error) error {
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return m.sampleAfter(func() error { return nil }, what, threads, per, units, do)
}

// sampleAfter takes the samples of one benchmark. prepare is called before each call of do.
func (m *parity) sampleAfter(prepare func() error, what string, threads int, per string, units int64, do func() error) error {
	name := fmt.Sprintf("%s %s, %d threads", m.Personality.Name, what, threads)
	took := event.Bench{Name: name, PerUnit: per}
	var cpu time.Duration
	for range m.rounds {
		if err := prepare(); err != nil {
			return err
		}
		wall, busy, err := timed(do)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		took.Micros = append(took.Micros, float64(wall.Nanoseconds())/1e3/float64(units))
		cpu += busy
	}
	// One figure of all calls, for the kernel tells idle time in hundredths of a second.
	busy := event.Bench{Name: name + event.BenchCPU, PerUnit: per,
		Micros: []float64{max(float64(cpu.Nanoseconds())/1e3, 1) / float64(units*int64(m.rounds))}}
	m.all = append(m.all, took, busy)
	return nil
}

// timed returns how long a call took, and how long the CPUs, all together, were busy with it.
func timed(do func() error) (wall, busy time.Duration, err error) {
	before, err := idle()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if err := do(); err != nil {
		return 0, 0, err
	}
	wall = time.Since(start)
	after, err := idle()
	return wall, wall*time.Duration(after.cpus) - (after.idle - before.idle), err
}

// idleTime is how long the CPUs have had nothing to do, all together.
type idleTime struct {
	cpus int
	idle time.Duration
}

// idle reads it. The kernel measures that by its clock; its user and system times are ticks
// counted, which is too coarse.
func idle() (idleTime, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return idleTime{}, err
	}
	return parseIdle(string(stat))
}

// parseIdle finds the idle time in the text of /proc/stat, in hundredths of a second.
func parseIdle(stat string) (t idleTime, err error) {
	for line := range strings.Lines(stat) {
		f := strings.Fields(line)
		if len(f) < 6 || !strings.HasPrefix(f[0], "cpu") || f[0] == "cpu" {
			continue
		}
		for _, field := range f[4:6] { // idle, and idle with somebody waiting for a disk
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return t, fmt.Errorf("/proc/stat: %w", err)
			}
			t.idle += time.Duration(n) * 10 * time.Millisecond
		}
		t.cpus++
	}
	if t.cpus == 0 {
		return t, errors.New("/proc/stat tells of no CPU")
	}
	return t, nil
}
