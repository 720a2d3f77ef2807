// SPDX-License-Identifier: BSD-3-Clause

package array

import "mdlife/vmtests/guest/recorded"

// UseServed makes the array's members disks that this program serves: as many, of so many bytes, which
// tell a log.
func (a *Array) UseServed(disks int, bytes int64, log *recorded.Log) (all []*recorded.Disk, err error) {
	a.Members = nil
	for i := range disks {
		d := recorded.NewDisk(i, bytes, log)
		if err := d.Attach(); err != nil {
			return nil, err
		}
		a.later(d.Detach)
		all, a.Members = append(all, d), append(a.Members, d.Node())
		if err := WaitForNode(d.Node()); err != nil {
			return nil, err
		}
	}
	return all, nil
}
