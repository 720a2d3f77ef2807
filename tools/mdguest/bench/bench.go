// SPDX-License-Identifier: BSD-3-Clause

// Package bench measures the unraced paths (R22): opening a live array, writing to
// one, and a whole life of an array, with nobody else around.
package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/event"
	"mdlife/tools/md"
)

// How many operations one sample is the mean of: enough to take tens of
// milliseconds under TCG, so that the timer's resolution does not matter.
const (
	opensPerSample  = 2000
	writesPerSample = 500
	cyclesPerSample = 20
)

const block = 4096 // bytes, of a write

const goneLimit = 2 * time.Second

// Run makes rounds samples of each benchmark, taking turns, in microseconds per
// open+close of a live raid1 of members, per random write of 4 KiB past the page
// cache to such a one, and per cycle of open, configure, stop, close, and gone.
// progress is called after each round.
func Run(ctx context.Context, rounds int, device string, members []string, progress func(done, failed int64)) ([]event.Bench, error) {
	b, err := setUp(device, members)
	if err != nil {
		return nil, err
	}
	defer os.Remove(b.node)
	opens := event.Bench{Name: "open-close", PerUnit: "open+close"}
	writes := event.Bench{Name: "write-4k-random", PerUnit: "write"}
	cycles := event.Bench{Name: "create-stop-gone", PerUnit: "cycle"}
	type result struct{ err error }
	done := make(chan result, 1)
	go func() {
		done <- result{func() error {
			if err := md.LockThread(); err != nil {
				return err
			}
			for i := 0; i < rounds && ctx.Err() == nil; i++ {
				if err := b.round(&opens, &writes, &cycles); err != nil {
					return err
				}
				progress(int64(i+1), 0)
			}
			return nil
		}()}
	}()
	res := <-done
	return []event.Bench{opens, writes, cycles}, res.err
}

type bench struct {
	device string
	node   string
	array  md.Array
}

func setUp(device string, members []string) (*bench, error) {
	b := &bench{device: device, node: "/dev/.bench-" + device}
	var err error
	if b.array, err = md.Raid1(members...); err != nil {
		return nil, err
	}
	var minor uint32
	if _, err := fmt.Sscanf(device, "md%d", &minor); err != nil {
		return nil, fmt.Errorf("device %q is not a numbered array", device)
	}
	return b, md.Mknod(b.node, md.Major, minor)
}

// round takes one sample of each.
func (b *bench) round(opens, writes, cycles *event.Bench) error {
	us, err := b.live(func(int) (float64, error) { return mean(opensPerSample, b.openClose) })
	if err != nil {
		return fmt.Errorf("%s: %w", opens.Name, err)
	}
	opens.Micros = append(opens.Micros, us)
	if us, err = b.live(b.writes); err != nil {
		return fmt.Errorf("%s: %w", writes.Name, err)
	}
	writes.Micros = append(writes.Micros, us)
	if us, err = mean(cyclesPerSample, b.cycle); err != nil {
		return fmt.Errorf("%s: %w", cycles.Name, err)
	}
	cycles.Micros = append(cycles.Micros, us)
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

// cycle is one life of an array without members, from open to gone.
func (b *bench) cycle() error {
	fd, err := md.Open(b.node, unix.O_RDWR)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if err := md.SetArrayInfo(fd, md.Array{}.Info()); err != nil {
		unix.Close(fd)
		return fmt.Errorf("SET_ARRAY_INFO: %w", err)
	}
	err = md.StopArray(fd)
	unix.Close(fd)
	if err != nil {
		return fmt.Errorf("STOP_ARRAY: %w", err)
	}
	if !md.SpinGone(b.device, goneLimit) {
		return fmt.Errorf("%s does not go", b.device)
	}
	return nil
}

// mean runs f n times and returns the mean in microseconds.
func mean(n int, f func() error) (float64, error) {
	start := time.Now()
	for range n {
		if err := f(); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(n), nil
}
