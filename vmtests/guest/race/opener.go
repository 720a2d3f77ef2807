// SPDX-License-Identifier: BSD-3-Clause

package race

import (
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
	"mdlife/vmtests/hist"
)

// opener opens and closes the raced device, over and over.
//
// A device without users goes, and making it again takes the kernel as long as
// thousands of opens. So that both are raced for, the going device and the live
// one, thin and thick spells take turns. In a thin spell every open is closed
// before the next; the device goes and comes back. In a thick spell every open
// comes before the close of the last, so that the device stays while it is
// stopped and made again. A running array could never be stopped like that:
// there all spells are thin, and openers take a rest now and then.
type opener struct {
	thread
	race *race
	rng  *rand.Rand
	lat  hist.Hist // of successful and failed opens alike
	buf  []byte
	held int // the descriptor kept in a thick spell, none if negative
}

const (
	spells   = 100 * time.Millisecond // a thin and a thick spell
	thin     = 10 * time.Millisecond  // the thin one; one removal makes it longer
	breather = 100 * time.Microsecond // the rest
	missing  = 200 * time.Microsecond // until the next look for a named array that has gone
)

func newOpener(r *race, i int) *opener {
	o := &opener{race: r, rng: r.rng(i), lat: hist.New(), buf: make([]byte, 4096), held: -1}
	o.thread.init("opener", r)
	return o
}

// loop runs until the gate says that it is over. It comes to the gate with
// nothing open.
func (o *opener) loop() {
	defer o.race.gate.left()
	for o.idle(); o.race.gate.pass(); o.idle() {
		path := o.race.path.Load()
		if path == nil { // no named array made yet
			o.nap(missing)
			continue
		}
		o.once(*path)
		for o.race.thick() && o.held >= 0 && o.race.gate.isOpen() {
			o.once(*path)
		}
		o.release()
		if o.race.Spec.Members > 0 && o.rng.IntN(8) == 0 {
			o.nap(breather)
		}
	}
}

// thick reports whether this is a thick spell.
func (r *race) thick() bool {
	return r.Spec.Members == 0 && time.Since(r.start)%spells > thin
}

// once makes one open in a way that the generator picks, and then closes the
// one before, or itself if it was O_EXCL. An open that
// fails closes the one before too.
func (o *opener) once(path string) {
	pick := o.rng.Uint32()
	kind, flags := openRO, unix.O_RDONLY
	switch pick % 8 {
	case 4, 5:
		kind, flags = openRW, unix.O_RDWR
	case 6, 7:
		kind, flags = openExcl, unix.O_RDONLY|unix.O_EXCL
	}
	o.enter(kind)
	start := time.Now()
	fd, err := md.Open(path, flags)
	o.lat.Record(time.Since(start))
	o.counts.add(kind, err)
	if err != nil {
		o.failed(kind, err)
		return
	}
	switch {
	case pick>>8%16 == 0:
		o.enter(read)
		_, err := unix.Read(fd, o.buf)
		o.counts.add(read, err)
	case pick>>8%64 == 1: // hold it, so that stops meet an open device
		o.nap(time.Duration(pick>>16%200) * time.Microsecond)
	}
	if kind == openExcl { // its claim would be in the way of the next
		o.enter(closing)
		unix.Close(fd)
		return
	}
	o.release()
	o.held = fd
}

// failed gives up the descriptor held, except where another opener has the O_EXCL claim,
// which says nothing about the device. Where a named array is simply not there,
// it waits a little for the next.
func (o *opener) failed(kind call, err error) {
	if kind == openExcl && err == unix.EBUSY {
		return
	}
	o.release()
	if err == unix.ENXIO && o.race.Spec.Stop == event.StopNamed {
		o.nap(missing)
	}
}

// release closes the descriptor held, if any.
func (o *opener) release() {
	if o.held < 0 {
		return
	}
	o.enter(closing)
	unix.Close(o.held)
	o.held = -1
}
