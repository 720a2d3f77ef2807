// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// NullBlk is a disk of the null_blk driver, in memory, that can be made to fail
// (Documentation/block/null_blk.rst).
type NullBlk struct {
	name string
	mib  string // its size
}

const configfs = "/sys/kernel/config"

// Sectors of a member to break. Its data begin before sector 8192, and end behind: mdadm
// leaves less than 4 MiB for metadata on a disk of 16 MiB.
const (
	BadFirst  = 8192
	BadEnd    = 10240 // of many
	FewBadEnd = 8704  // of few
	EndOfDisk = 32768
)

// mountConfigfs mounts it where it is not.
func mountConfigfs() error {
	if _, err := os.Stat(configfs + "/nullb"); err == nil {
		return nil
	}
	if err := unix.Mount("configfs", configfs, "configfs", 0, ""); err != nil && !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("mount configfs: %w", err)
	}
	return nil
}

// make makes the disk, with attributes besides the usual ones.
func (n *NullBlk) make(more map[string]string) error {
	if err := mountConfigfs(); err != nil {
		return err
	}
	if err := os.Mkdir(n.dir(), 0o755); err != nil {
		return err
	}
	attrs := map[string]string{"memory_backed": "1", "size": n.mib, "blocksize": "512"}
	maps.Copy(attrs, more)
	for attr, value := range attrs {
		if err := n.set(attr, value); err != nil {
			return err
		}
	}
	return n.PowerOn()
}

// dir is its directory in configfs.
func (n *NullBlk) dir() string { return filepath.Join(configfs, "nullb", n.name) }

// set writes an attribute.
func (n *NullBlk) set(attr, value string) error {
	if err := md.WriteFile(filepath.Join(n.dir(), attr), value); err != nil {
		return fmt.Errorf("%s > %s of %s: %w", value, attr, n.name, err)
	}
	return nil
}

// Break makes sectors from first up to end fail.
func (n *NullBlk) Break(first, end int) error { return n.badBlocks("+", first, end) }

// Mend makes them work again.
func (n *NullBlk) Mend(first, end int) error { return n.badBlocks("-", first, end) }

// badBlocks adds sectors to the list of bad ones ("+"), or removes them ("-"). One entry of
// the kernel's list holds 512, and in Linux 6.1 more at once come out of order.
func (n *NullBlk) badBlocks(sign string, first, end int) error {
	const most = 512
	for ; first < end; first += most {
		if err := n.set("badblocks", fmt.Sprintf("%s%d-%d", sign, first, min(first+most, end)-1)); err != nil {
			return err
		}
	}
	return nil
}

// PowerOn powers the disk up, and waits for its node.
func (n *NullBlk) PowerOn() error {
	return Steps(func() error { return n.set("power", "1") }, func() error { return WaitForNode(n.Node()) })
}

// PowerOff cuts the disk's power.
func (n *NullBlk) PowerOff() error { return n.set("power", "0") }

// Node returns the disk's node.
func (n *NullBlk) Node() string { return "/dev/" + n.name }

// KernelName returns the disk's name in sysfs.
func (n *NullBlk) KernelName() string { return n.name }

// remove removes the disk for good, with the data on it.
func (n *NullBlk) remove() error {
	_ = n.PowerOff() // it may be off
	if err := os.Remove(n.dir()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// nullBlks is how many null_blk disks a test case has: a raid6, and what it can lose.
const nullBlks = 6

// UseNullBlks makes the array's members null_blk disks.
func (a *Array) UseNullBlks() error { return a.UseNullBlksWith(nil) }

// UseNullBlksWith makes the array's members null_blk disks, the second with these attributes.
func (a *Array) UseNullBlksWith(second map[string]string) error {
	return a.UseNullBlksEachWith(func(i int) map[string]string {
		if i == 1 {
			return second
		}
		return nil
	})
}

// UseNullBlksAllWith makes the array's members null_blk disks, all with these attributes.
func (a *Array) UseNullBlksAllWith(attrs map[string]string) error {
	return a.UseNullBlksEachWith(func(int) map[string]string { return attrs })
}

// UseNullBlksEachWith makes the array's members null_blk disks, each with its attributes.
func (a *Array) UseNullBlksEachWith(attrsOf func(i int) map[string]string) error {
	a.Members = nil
	for i := range nullBlks {
		n := &NullBlk{name: fmt.Sprintf("nb%s-%d", a.Device, i), mib: "16"}
		a.NullBlks = append(a.NullBlks, n)
		if err := n.make(attrsOf(i)); err != nil {
			return err
		}
		a.Members = append(a.Members, n.Node())
	}
	return nil
}

// UseOneNullBlk makes one null_blk disk of so many MiB with these attributes, of which the
// members will be parts.
func (a *Array) UseOneNullBlk(mib int, attrs map[string]string) (*NullBlk, error) {
	n := &NullBlk{name: "nb" + a.Device, mib: strconv.Itoa(mib)}
	a.NullBlks, a.Members = []*NullBlk{n}, nil
	return n, n.make(attrs)
}

// CreateOnNullBlks makes an array of such disks, which agree already.
func (a *Array) CreateOnNullBlks() error {
	return Steps(a.Step("make disks", a.UseNullBlks), a.Step("create", a.Create(Recipe{Clean: true})))
}

// BreakFirst has the first member, a null_blk disk, not read or write some of its blocks.
func (a *Array) BreakFirst() error { return a.NullBlks[0].Break(BadFirst, FewBadEnd) }

// BreakSecond does that to the second.
func (a *Array) BreakSecond() error { return a.NullBlks[1].Break(BadFirst, FewBadEnd) }
