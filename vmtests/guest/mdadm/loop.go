// SPDX-License-Identifier: BSD-3-Clause

// Package mdadm is the loop of mdadm --create and mdadm --stop, with systemd-udevd around,
// under a stray reader: is the device back after the stop (R23)? Package client is the loop of
// everything else that mdadm does.
package mdadm

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/hist"
)

const (
	commandLimit = 20 * time.Second // for one mdadm
	endSettle    = time.Second      // between the reader's end and the last look
)

// Array is an array to make and stop: its device ("md0") and its members.
type Array struct {
	Device  string
	Members []string
}

// Loop makes spec.Cycles cycles of mdadm --create and mdadm --stop of raid1
// arrays, divided over the arrays, which are independent of each other. progress
// is called after each with the cycles so far and those after which the device
// was there again. A device that is there again stays for the next cycle, as it does for
// users. After ctx ends, the cycles so far are the result.
func Loop(ctx context.Context, spec event.MdadmSpec, arrays []Array, progress func(done, failed int64)) (event.Mdadm, error) {
	none := event.Mdadm{Spec: spec}
	if machine.Mdadm() == "" {
		return none, fmt.Errorf("mdadm is not in this image (Debian package mdadm)")
	}
	daemon, err := StartUdevd(ctx)
	if err != nil {
		return none, err
	}
	defer daemon.End()
	loops := make([]*loop, len(arrays))
	for i, a := range arrays {
		if loops[i], err = newLoop(a, spec); err != nil {
			return none, err
		}
		defer loops[i].uevents.Close()
	}
	var seen []string // by their numbers
	for _, a := range arrays {
		if spec.ByNumber {
			seen = append(seen, a.Device)
		}
	}
	reader, err := StartReader(seen...)
	if err != nil {
		return none, err
	}
	runAll(ctx, loops, spec.Cycles, progress)
	return finish(reader, spec, loops)
}

// runAll runs the loops at once until they have made so many cycles together.
func runAll(ctx context.Context, loops []*loop, cycles int, progress func(done, failed int64)) {
	var wg sync.WaitGroup
	var begun, done, there atomic.Int64
	for _, l := range loops {
		wg.Go(func() {
			for begun.Add(1) <= int64(cycles) && ctx.Err() == nil {
				if l.cycle(ctx) {
					there.Add(1)
				}
				progress(done.Add(1), there.Load())
			}
		})
	}
	wg.Wait()
}

// finish ends the reader and lists what is left a second later; then it cleans
// up, so that the next part of the plan starts from nothing.
func finish(reader *Stray, spec event.MdadmSpec, loops []*loop) (event.Mdadm, error) {
	seen, err := reader.End()
	time.Sleep(endSettle)
	m := event.Mdadm{Spec: spec, Errors: map[string]int{}, Uevents: map[string]int64{}, LeftAtEnd: md.Devices()}
	m.Reads, m.ReadErrors = seen.Reads, seen.Errors
	create, stop := hist.New(), hist.New()
	for _, l := range loops {
		l.countUevents()
		l.addTo(&m)
		create.Add(l.create)
		stop.Add(l.stop)
	}
	m.Create, m.Stop = create.Latency(), stop.Latency()
	for _, name := range m.LeftAtEnd {
		if rmErr := md.Remove(name, 2*time.Second); rmErr != nil {
			m.Errors["clean up: "+rmErr.Error()]++
		}
	}
	_ = os.RemoveAll("/run/mdadm")
	return m, err
}
