// SPDX-License-Identifier: BSD-3-Clause

package mdadm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mdlife/tools/md"
	"mdlife/tools/md/uevent"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/hist"
)

// loop makes one array and stops it, again and again, and keeps count.
type loop struct {
	event.Mdadm
	Array
	uevents      *uevent.Listener
	create, stop hist.Hist
}

func newLoop(a Array, spec event.MdadmSpec) (*loop, error) {
	uevents, err := uevent.Listen()
	if err != nil {
		return nil, err
	}
	return &loop{
		Mdadm: event.Mdadm{Spec: spec, Errors: map[string]int{}, Uevents: map[string]int64{}},
		Array: a, uevents: uevents, create: hist.New(), stop: hist.New(),
	}, nil
}

// cycle creates the array, stops it, and looks whether the device is there:
// right after the stop, and after the time to settle. It reports whether the
// device was there then.
func (l *loop) cycle(ctx context.Context) bool {
	l.Cycles++
	args := []string{"--create", "/dev/" + l.Device, "--run", "--force", "--assume-clean",
		"--level=1", "--metadata=1.2", fmt.Sprintf("--raid-devices=%d", len(l.Members))}
	if !l.mdadm(ctx, l.create, append(args, l.Members...)...) {
		l.CreateFailed++
	}
	if !l.mdadm(ctx, l.stop, "--stop", "/dev/"+l.Device) {
		l.StopFailed++
	}
	if md.Exists(l.Device) {
		l.ThereAfterStop++
	}
	time.Sleep(time.Duration(l.Spec.SettleMillis) * time.Millisecond)
	there := md.Exists(l.Device)
	if there {
		l.ThereSettled++
	}
	l.countUevents()
	return there
}

// mdadm runs mdadm and reports whether it succeeded; if so its latency is
// recorded, and if not its messages are counted.
func (l *loop) mdadm(ctx context.Context, lat hist.Hist, args ...string) bool {
	start := time.Now()
	out, err := machine.RunMdadm(ctx, commandLimit, args...)
	if err == nil {
		lat.Record(time.Since(start))
		return true
	}
	messages := messages(out)
	if errors.Is(err, machine.ErrTooLong) || len(messages) == 0 {
		messages = append(messages, err.Error())
	}
	for _, m := range messages {
		l.Errors[m]++
	}
	return false
}

// messages returns the lines that mdadm prints about failures.
func messages(out string) []string {
	var found []string
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "mdadm:") {
			found = append(found, line)
		}
	}
	return found
}

// countUevents adds the cycle's uevents of the device.
func (l *loop) countUevents() {
	events, err := l.uevents.Take()
	if err != nil {
		l.Errors["uevents: "+err.Error()]++
	}
	inCycle := 0
	for _, e := range events {
		if e.Block() && e.Name() == l.Device {
			l.Uevents[e.Action]++
			inCycle++
		}
	}
	l.MaxUevents = max(l.MaxUevents, inCycle)
}

// addTo adds the loop's counts to m's.
func (l *loop) addTo(m *event.Mdadm) {
	m.Cycles += l.Cycles
	m.ThereAfterStop += l.ThereAfterStop
	m.ThereSettled += l.ThereSettled
	m.CreateFailed += l.CreateFailed
	m.StopFailed += l.StopFailed
	m.MaxUevents = max(m.MaxUevents, l.MaxUevents)
	for what, n := range l.Errors {
		m.Errors[what] += n
	}
	for action, n := range l.Uevents {
		m.Uevents[action] += n
	}
}
