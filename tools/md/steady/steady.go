// SPDX-License-Identifier: BSD-3-Clause

// Package steady reads what /proc/mdstat and sysfs say about arrays that nobody
// is changing, through prometheus/procfs. Both readings fail whole when an array
// vanishes under them; racing code uses single reads (md.ReadAttr) instead.
package steady

import (
	"fmt"
	"slices"

	"github.com/prometheus/procfs"
	"github.com/prometheus/procfs/sysfs"
)

// Array is one array as both places show it.
type Array struct {
	Stat  procfs.MDStat // /proc/mdstat; sizes in KiB
	Sysfs sysfs.Mdraid  // /sys/block/NAME/md
}

// Find reads about the array with a name. /proc/mdstat lists only arrays that
// are configured or have members, so an empty device is an error.
func Find(name string) (Array, error) { return find("/proc", "/sys", name) }

func find(proc, sys, name string) (Array, error) {
	var a Array
	p, err := procfs.NewFS(proc)
	if err != nil {
		return a, err
	}
	s, err := sysfs.NewFS(sys)
	if err != nil {
		return a, err
	}
	stats, err := p.MDStat()
	if err != nil {
		return a, fmt.Errorf("%s/mdstat: %w", proc, err)
	}
	raids, err := s.Mdraids()
	if err != nil {
		return a, fmt.Errorf("%s/block/md*/md: %w", sys, err)
	}
	stat := slices.IndexFunc(stats, func(m procfs.MDStat) bool { return m.Name == name })
	raid := slices.IndexFunc(raids, func(m sysfs.Mdraid) bool { return m.Device == name })
	if stat < 0 || raid < 0 {
		return a, fmt.Errorf("%s is listed in %s/mdstat: %v, in %s/block: %v", name, proc, stat >= 0, sys, raid >= 0)
	}
	return Array{stats[stat], raids[raid]}, nil
}
