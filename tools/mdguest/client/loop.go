// SPDX-License-Identifier: BSD-3-Clause

// Package client runs md's real client, Debian's mdadm, with systemd-udevd
// beside it, under a stray reader: create, stop, and is the device back (R23)?
package client

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"mdlife/tools/event"
	"mdlife/tools/md"
	"mdlife/tools/md/uevent"
	"mdlife/tools/mdguest/machine"
	"mdlife/tools/mdstress/hist"
)

const (
	commandLimit = 20 * time.Second // for one mdadm
	endSettle    = time.Second      // between the reader's end and the last look
)

// loop is a loop in progress.
type loop struct {
	event.Mdadm
	device       string // "md0"
	members      []string
	uevents      *uevent.Listener
	create, stop hist.Hist
}

// Loop makes spec.Cycles cycles of mdadm --create and mdadm --stop of device, a
// raid1 of members. progress is called after each with the cycles so far and
// those after which the device was there again. A device that is there again
// stays for the next cycle, as in real life. After ctx ends, the cycles so far
// are the result.
func Loop(ctx context.Context, spec event.MdadmSpec, device string, members []string, progress func(done, failed int64)) (event.Mdadm, error) {
	l := &loop{device: device, members: members, create: hist.New(), stop: hist.New()}
	l.Mdadm = event.Mdadm{Spec: spec, Errors: map[string]int{}, Uevents: map[string]int64{}, LeftAtEnd: []string{}}
	if machine.Mdadm() == "" {
		return l.Mdadm, fmt.Errorf("mdadm is not in this image (Debian package mdadm)")
	}
	daemon, err := startUdevd(ctx)
	if err != nil {
		return l.Mdadm, err
	}
	defer daemon.end()
	if l.uevents, err = uevent.Listen(); err != nil {
		return l.Mdadm, err
	}
	defer l.uevents.Close()
	reader, err := startReader()
	if err != nil {
		return l.Mdadm, err
	}
	for range spec.Cycles {
		if ctx.Err() != nil {
			break
		}
		l.cycle(ctx)
		progress(int64(l.Cycles), int64(l.ThereSettled))
	}
	return l.finish(reader)
}

// cycle creates the array, stops it, and looks whether the device is there:
// right after the stop, and after the time to settle.
func (l *loop) cycle(ctx context.Context) {
	l.Cycles++
	args := []string{"--create", "/dev/" + l.device, "--run", "--force", "--assume-clean",
		"--level=1", "--metadata=1.2", fmt.Sprintf("--raid-devices=%d", len(l.members))}
	if !l.mdadm(ctx, l.create, append(args, l.members...)...) {
		l.CreateFailed++
	}
	stopped := l.mdadm(ctx, l.stop, "--stop", "/dev/"+l.device)
	if !stopped {
		l.StopFailed++
	}
	if md.Exists(l.device) {
		l.ThereAfterStop++
	}
	time.Sleep(time.Duration(l.Spec.SettleMillis) * time.Millisecond)
	if md.Exists(l.device) {
		l.ThereSettled++
	}
	l.countUevents()
}

// mdadm runs mdadm and says whether it succeeded; if so its latency is
// recorded, and if not its messages are counted.
func (l *loop) mdadm(ctx context.Context, lat hist.Hist, args ...string) bool {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	start := time.Now()
	cmd := exec.CommandContext(ctx, machine.Mdadm(), args...)
	cmd.Stdin = strings.NewReader("y\ny\ny\n")
	out, err := cmd.CombinedOutput()
	if err == nil {
		lat.Record(time.Since(start))
		return true
	}
	messages := messages(string(out))
	if ctx.Err() != nil {
		messages = append(messages, fmt.Sprintf("mdadm %s did not end within %v", args[0], commandLimit))
	}
	if len(messages) == 0 {
		messages = append(messages, "mdadm "+args[0]+": "+err.Error())
	}
	for _, m := range messages {
		l.Errors[m]++
	}
	return false
}

// messages returns the lines that mdadm prints about what went wrong.
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
		if e.Block() && e.Name() == l.device {
			l.Uevents[e.Action]++
			inCycle++
		}
	}
	l.MaxUevents = max(l.MaxUevents, inCycle)
}

// finish ends the reader and lists what is left a second later; then it cleans
// up, so that the next part of the plan starts from nothing.
func (l *loop) finish(reader *stray) (event.Mdadm, error) {
	seen, err := reader.end()
	l.Reads, l.ReadErrors = seen.Reads, seen.Errors
	time.Sleep(endSettle)
	l.LeftAtEnd = md.Devices()
	l.countUevents()
	l.Create, l.Stop = l.create.Latency(), l.stop.Latency()
	for _, name := range l.LeftAtEnd {
		if rmErr := md.Remove(name, 2*time.Second); rmErr != nil {
			l.Errors["clean up: "+rmErr.Error()]++
		}
	}
	_ = os.RemoveAll("/run/mdadm")
	return l.Mdadm, err
}
