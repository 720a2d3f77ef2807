// SPDX-License-Identifier: BSD-3-Clause

package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
)

// How many operations one sample is the mean of: enough to take tens of
// milliseconds under TCG, so that the timer's resolution does not matter.
const (
	opensPerSample  = 10000
	writesPerSample = 10000
	cyclesPerSample = 20
)

const block = 4096 // bytes, of a write

// tick bounds the pause before a cycle: nearly all of a cycle's time is the wait
// for RCU's grace periods, which go by the kernel's ticks. A cycle that always
// began at the same point between two ticks would make a whole tick of a
// microsecond, or nothing. The pause is not counted, so what the kernel does in
// it for the cycle before, after that one's device has gone, is not either.
const tick = 4 * time.Millisecond // CONFIG_HZ_250

const goneLimit = 2 * time.Second

// Uncontended makes rounds samples of each benchmark, taking turns, in microseconds per
// open+close of a live raid1 of members, per random write of 4 KiB past the page
// cache to such a one, and per cycle of open, configure, stop, close, and gone.
// progress is called after each round.
func Uncontended(ctx context.Context, rounds int, device string, members []string, progress func(done, failed int64)) ([]event.Bench, error) {
	b, err := setUp(device, members)
	if err != nil {
		return nil, err
	}
	defer b.remove()
	samples := newSamples()
	err = md.OnThread(func() error { return b.rounds(ctx, rounds, samples, progress) })
	return samples.all(), err
}

// rounds takes the samples.
func (b *bench) rounds(ctx context.Context, n int, s *samples, progress func(done, failed int64)) error {
	for i := 0; i < n && ctx.Err() == nil; i++ {
		if err := b.round(s); err != nil {
			return err
		}
		progress(int64(i+1), 0)
	}
	return nil
}

// samples are what is measured: two paths, a whole cycle and its parts.
type samples struct{ opens, writes, cycles, creates, stops, gone event.Bench }

func newSamples() *samples {
	return &samples{
		opens:   event.Bench{Name: "open-close", PerUnit: "open+close"},
		writes:  event.Bench{Name: "write-4k-random", PerUnit: "write"},
		cycles:  event.Bench{Name: "create-stop-gone", PerUnit: "cycle"},
		creates: event.Bench{Name: "create-stop-gone: create", PerUnit: "cycle"},
		stops:   event.Bench{Name: "create-stop-gone: stop", PerUnit: "cycle"},
		gone:    event.Bench{Name: "create-stop-gone: gone", PerUnit: "cycle"},
	}
}

func (s *samples) all() []event.Bench {
	return []event.Bench{s.opens, s.writes, s.cycles, s.creates, s.stops, s.gone}
}

type bench struct {
	device string
	node   string
	remove func() // removes the node
	array  md.Array
	rng    *rand.Rand
}

func setUp(device string, members []string) (*bench, error) {
	b := &bench{device: device, rng: rand.New(rand.NewPCG(1, 1))}
	var err error
	if b.array, err = md.Raid1(members...); err != nil {
		return nil, err
	}
	var minor uint32
	if _, err := fmt.Sscanf(device, "md%d", &minor); err != nil {
		return nil, fmt.Errorf("device %q is not a numbered array", device)
	}
	b.node, b.remove, err = md.PrivateNode(md.Major, minor)
	return b, err
}

// round takes one sample of each.
func (b *bench) round(s *samples) error {
	us, err := b.live(b.opens)
	if err != nil {
		return fmt.Errorf("%s: %w", s.opens.Name, err)
	}
	s.opens.Micros = append(s.opens.Micros, us)
	if us, err = b.live(b.writes); err != nil {
		return fmt.Errorf("%s: %w", s.writes.Name, err)
	}
	s.writes.Micros = append(s.writes.Micros, us)
	if err := b.cycles(s); err != nil {
		return fmt.Errorf("%s: %w", s.cycles.Name, err)
	}
	return nil
}

// live measures on a running array, which it makes and takes down again.
func (b *bench) live(measure func(fd int) (float64, error)) (us float64, err error) {
	fd, err := md.Open(b.node, unix.O_RDWR|unix.O_DIRECT)
	if err != nil {
		return 0, fmt.Errorf("open: %w", err)
	}
	defer func() {
		if stop := md.StopArray(fd); stop != nil && err == nil {
			err = fmt.Errorf("STOP_ARRAY: %w", stop)
		}
		unix.Close(fd)
		if !md.WaitGone(b.device, goneLimit) && err == nil {
			err = fmt.Errorf("%s does not go", b.device)
		}
	}()
	if err := b.array.Start(fd); err != nil {
		return 0, err
	}
	return measure(fd)
}

// opens opens and closes with nobody else on this CPU. Each close has a kworker look
// for events of the disk (disk_flush_events()), which the next open cancels
// (disk_block_events()) where the kworker has not begun. Without this, nearly half of
// what is measured is the kworker, and how often it runs is the scheduler's choice:
// 0.84 or 0.89 times a close, which is 4 %.
func (b *bench) opens(int) (us float64, err error) {
	err = undisturbed(func() error {
		us, err = mean(opensPerSample, b.openClose)
		return err
	})
	return us, err
}

// undisturbed calls f with this thread's real-time priority, and no limit to that.
func undisturbed(f func() error) error {
	const limit = "/proc/sys/kernel/sched_rt_runtime_us"
	before, err := os.ReadFile(limit)
	if err != nil {
		return err
	}
	if err := md.WriteFile(limit, "-1"); err != nil {
		return fmt.Errorf("%s: %w", limit, err)
	}
	policy := func(policy, priority uint32) error {
		err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: priority}, 0)
		if err != nil {
			return fmt.Errorf("sched_setattr: %w", err)
		}
		return nil
	}
	if err := policy(unix.SCHED_FIFO, 1); err != nil {
		return err
	}
	err = f()
	return errors.Join(err, policy(unix.SCHED_NORMAL, 0), md.WriteFile(limit, strings.TrimSpace(string(before))))
}

func (b *bench) openClose() error {
	fd, err := md.Open(b.node, unix.O_RDONLY)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	return unix.Close(fd)
}

// writes writes blocks here and there, the same in every sample.
func (b *bench) writes(fd int) (float64, error) {
	size, err := unix.Seek(fd, 0, unix.SEEK_END)
	if err != nil {
		return 0, fmt.Errorf("size: %w", err)
	}
	page, err := unix.Mmap(-1, 0, block, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return 0, fmt.Errorf("a page: %w", err)
	}
	defer func() { _ = unix.Munmap(page) }()
	rng := rand.New(rand.NewPCG(1, 1))
	return mean(writesPerSample, func() error {
		_, err := unix.Pwrite(fd, page, rng.Int64N(size/block)*block)
		return err
	})
}

// cycles measures lives of an array and their parts.
func (b *bench) cycles(s *samples) error {
	var sum life
	for range cyclesPerSample {
		time.Sleep(time.Duration(b.rng.Int64N(int64(tick))))
		l, err := b.cycle()
		if err != nil {
			return err
		}
		sum.create, sum.stop, sum.gone = sum.create+l.create, sum.stop+l.stop, sum.gone+l.gone
	}
	s.cycles.Micros = append(s.cycles.Micros, micros(sum.create+sum.stop+sum.gone, cyclesPerSample))
	s.creates.Micros = append(s.creates.Micros, micros(sum.create, cyclesPerSample))
	s.stops.Micros = append(s.stops.Micros, micros(sum.stop, cyclesPerSample))
	s.gone.Micros = append(s.gone.Micros, micros(sum.gone, cyclesPerSample))
	return nil
}

// life is how long the parts of an array's life took: from before the open until it
// is configured, its stop, and from the close until it has gone.
type life struct{ create, stop, gone time.Duration }

// cycle is one life of an array without members.
func (b *bench) cycle() (l life, err error) {
	start := time.Now()
	fd, err := md.Open(b.node, unix.O_RDWR)
	if err != nil {
		return l, fmt.Errorf("open: %w", err)
	}
	if err := md.SetArrayInfo(fd, md.Array{}.Info()); err != nil {
		unix.Close(fd)
		return l, fmt.Errorf("SET_ARRAY_INFO: %w", err)
	}
	created := time.Now()
	err = md.StopArray(fd)
	stopped := time.Now()
	unix.Close(fd)
	if err != nil {
		return l, fmt.Errorf("STOP_ARRAY: %w", err)
	}
	if !md.SpinGone(b.device, goneLimit) {
		return l, fmt.Errorf("%s does not go", b.device)
	}
	return life{created.Sub(start), stopped.Sub(created), time.Since(stopped)}, nil
}

// mean runs f n times and returns the mean in microseconds.
func mean(n int, f func() error) (float64, error) {
	start := time.Now()
	for range n {
		if err := f(); err != nil {
			return 0, err
		}
	}
	return micros(time.Since(start), n), nil
}

// micros is the mean of n operations that took d, in microseconds.
func micros(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(n) }
