// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

func init() { register(modular, check{"R17-unload-under-openers", "R17", unloadUnderOpeners}) }

// unloadUnderOpeners loads md, makes arrays and unloads md again, over and over,
// while others open the device, write to new_array and read what sysfs and
// /proc/mdstat have. With KASAN, whatever is used after it was freed is reported.
func unloadUnderOpeners(e *env) (string, error) {
	const turns, budget = 40, 40 * time.Second
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	defer func() { _ = machine.LoadModules() }() // for the checks after this one
	crowd := d.crowd()
	i := 0
	for end := time.Now().Add(budget); i < turns && time.Now().Before(end); i++ {
		if err = d.loadedLife(i); err != nil {
			err = fmt.Errorf("turn %d: %w", i+1, err)
			break
		}
	}
	seen := crowd.end()
	if err != nil {
		return "", err
	}
	for outcome := range seen {
		if !slices.Contains([]string{"ok", "ENXIO", "EBUSY"}, outcome) {
			return "", fmt.Errorf("opens beside it ended in %v", seen)
		}
	}
	if left := md.Devices(); len(left) > 0 { // /proc/mdstat has gone with md
		return "", fmt.Errorf("md is unloaded, but there are %s", strings.Join(left, ", "))
	}
	return fmt.Sprintf("md was loaded, used and unloaded %d times; opens beside it: %s", i, outcomes(seen)), nil
}

// loadedLife loads md, has arrays live and leaves some behind, and unloads md.
func (d *disk) loadedLife(turn int) error {
	if err := machine.LoadModules(); err != nil {
		return err
	}
	for range 3 {
		_ = d.life() // somebody else may clear the array in the middle
	}
	if turn%2 == 1 { // leave something for md_exit()
		_ = md.NewArray("md_left")
		if fd, err := md.Open(d.node, unix.O_RDONLY); err == nil {
			unix.Close(fd)
		}
	}
	return machine.UnloadModules(10 * time.Second)
}

// crowd is threads that use md while it comes and goes.
type crowd struct {
	over atomic.Bool
	wg   sync.WaitGroup
	mu   sync.Mutex
	seen map[string]int // outcomes of opens
}

// crowd starts the threads.
func (d *disk) crowd() *crowd {
	c := &crowd{seen: map[string]int{}}
	c.start(func() { c.open(d.node, unix.O_RDONLY) })
	c.start(func() { c.open(d.node, unix.O_RDWR) })
	c.start(func() { _ = md.NewArray("md_crowd") })
	c.start(func() {
		for _, name := range md.Devices() {
			_, _ = os.ReadFile("/sys/block/" + name + "/md/array_state")
			_ = md.SetArrayState(name, md.StateClear)
		}
		_, _ = os.ReadFile("/proc/mdstat")
	})
	return c
}

// start repeats f on a thread of its own until the end.
func (c *crowd) start(f func()) {
	c.wg.Go(func() {
		_ = md.OnThread(func() error {
			for !c.over.Load() {
				f()
				time.Sleep(time.Millisecond)
			}
			return nil
		})
	})
}

// open opens and closes, and counts how that ended.
func (c *crowd) open(node string, flags int) {
	fd, err := md.Open(node, flags)
	if err == nil {
		unix.Close(fd)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[md.ErrnoName(err)]++
}

// end ends the threads and returns how their opens ended.
func (c *crowd) end() map[string]int {
	c.over.Store(true)
	c.wg.Wait()
	return c.seen
}

// outcomes lists counts by outcome.
func outcomes(seen map[string]int) string {
	var parts []string
	for _, outcome := range slices.Sorted(maps.Keys(seen)) {
		parts = append(parts, fmt.Sprintf("%d %s", seen[outcome], outcome))
	}
	return strings.Join(parts, ", ")
}
