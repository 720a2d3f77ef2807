// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"
	"strings"

	"mdlife/tools/md"
)

// Requests are what a disk has done so far.
type Requests struct {
	Writes, Sectors, Flushes uint64 // sectors were written
}

// Requests returns what each null_blk disk has done so far (Documentation/block/stat.rst).
func (a *Array) Requests() (all []Requests, err error) {
	for _, n := range a.NullBlks {
		stat, err := md.ReadAttr(n.KernelName(), "stat")
		if err != nil {
			return nil, err
		}
		const writes, sectors, flushes = 4, 6, 15
		fields := strings.Fields(stat)
		if len(fields) <= flushes {
			return nil, fmt.Errorf("stat of %s is %q, without flushes", n.KernelName(), stat)
		}
		var r Requests
		counts := strings.Join([]string{fields[writes], fields[sectors], fields[flushes]}, " ")
		if _, err := fmt.Sscan(counts, &r.Writes, &r.Sectors, &r.Flushes); err != nil {
			return nil, fmt.Errorf("stat of %s: %w", n.KernelName(), err)
		}
		all = append(all, r)
	}
	return all, nil
}
