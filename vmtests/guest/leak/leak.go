// SPDX-License-Identifier: BSD-3-Clause

// Package leak notices kernel objects that did not come back: the slabs that
// hold struct mddev and block-device inodes, and md's kernel threads.
package leak

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"mdlife/internal/wait"
)

// Slack is how many more active objects a cache may have than before. The
// caches are shared with the rest of the kernel, so a few come and go; an object
// lost in every cycle of a race exceeds it at once.
const Slack = 20

// caches are looked at: struct mddev is about 2 KiB and comes from kmalloc,
// struct gendisk, request_queue and the block-device inode have their own or
// nearby sizes.
var caches = []string{"bdev_cache", "kmalloc-1k", "kmalloc-2k", "kmalloc-4k", "request_queue"}

// Snapshot is the state to come back to.
type Snapshot struct {
	active  map[string]int // objects in use, by cache
	threads map[string]int // md's kernel threads, by name
}

// Take takes a snapshot, after asking the kernel to let go of what it caches.
func Take() Snapshot {
	drop()
	active := slabs()
	for try := 1; try < slabTries && !complete(active); try++ {
		active = slabs()
	}
	return Snapshot{active, threads()}
}

// slabTries is how often /proc/slabinfo is read until it holds all caches. It comes
// page by page, and each goes on at a number: one that goes meanwhile hides another.
const slabTries = 5

// complete reports whether no cache is missing that this kernel has; one that is merged
// with another is a link, and not in /proc/slabinfo.
func complete(active map[string]int) bool {
	for _, cache := range caches {
		dir, err := os.Lstat("/sys/kernel/slab/" + cache)
		if _, seen := active[cache]; err == nil && dir.IsDir() && !seen {
			return false
		}
	}
	return true
}

// Compare returns a line for everything of which there is more than in the snapshot,
// and an empty slice if there is nothing. It tries for limit: RCU and work queues free
// late. Threads count if they belong to one of the devices; one whose name ends
// in a letter stands for all names that begin so.
func (s Snapshot) Compare(limit time.Duration, devices ...string) []string {
	var leaks []string
	_ = wait.Until(context.Background(), limit, 50*time.Millisecond, func() (bool, error) {
		leaks = s.compare(Take(), devices)
		return len(leaks) == 0, nil
	})
	return leaks
}

func (s Snapshot) compare(now Snapshot, devices []string) []string {
	leaks := []string{}
	for _, cache := range caches {
		before, was := s.active[cache]
		after, is := now.active[cache]
		switch {
		case was != is:
			leaks = append(leaks, cache+": was in one look at /proc/slabinfo only")
		case after-before > Slack:
			leaks = append(leaks, fmt.Sprintf("%s: %d more objects than before (%d)", cache, after-before, before))
		}
	}
	for name, n := range now.threads {
		for _, dev := range devices {
			if n > s.threads[name] && belongs(name, dev) {
				leaks = append(leaks, fmt.Sprintf("kernel thread %s is left", name))
			}
		}
	}
	sort.Strings(leaks)
	return leaks
}

// belongs reports whether a thread's name is a device's: "md0_raid1" is md0's, and
// with a device that ends in a letter, as "md_r", all of that family.
func belongs(thread, device string) bool {
	rest, ok := strings.CutPrefix(thread, device)
	last := device[len(device)-1]
	return ok && (last < '0' || last > '9' || strings.HasPrefix(rest, "_"))
}

// drop frees dentries and inodes, and makes SLUB give back its per-CPU slabs,
// whose free objects /proc/slabinfo would count as active.
func drop() {
	_ = os.WriteFile("/proc/sys/vm/drop_caches", []byte("2"), 0)
	for _, cache := range caches {
		_ = os.WriteFile("/sys/kernel/slab/"+cache+"/shrink", []byte("1"), 0)
	}
}

// slabs reads the number of active objects of every cache.
func slabs() map[string]int {
	active := map[string]int{}
	f, err := os.Open("/proc/slabinfo")
	if err != nil {
		return active
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cols := strings.Fields(lines.Text())
		if len(cols) > 2 {
			if n, err := strconv.Atoi(cols[1]); err == nil {
				active[cols[0]] = n
			}
		}
	}
	return active
}

// threads counts kernel threads named after md devices, by name: md0_raid1,
// md0_resync, md_home_raid1.
func threads() map[string]int {
	found := map[string]int{}
	comms, _ := filepath.Glob("/proc/[0-9]*/comm") // the pattern is well-formed
	for _, path := range comms {
		b, err := os.ReadFile(path)
		name := strings.TrimSpace(string(b))
		if err != nil || !strings.HasPrefix(name, "md") || !strings.Contains(name, "_") {
			continue
		}
		if cmd, err := os.ReadFile(filepath.Dir(path) + "/cmdline"); err == nil && len(cmd) == 0 {
			found[name]++
		}
	}
	return found
}
