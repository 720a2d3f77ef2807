// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// nullb is a disk of the null_blk driver, in memory, that can be made to fail
// (Documentation/block/null_blk.rst).
type nullb struct {
	name string
	dir  string // in configfs
}

const (
	configfs = "/sys/kernel/config"
	nullbMiB = "16"
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

// newNullb makes a disk.
func newNullb(name string) (*nullb, error) {
	n := &nullb{name: name, dir: filepath.Join(configfs, "nullb", name)}
	if err := mountConfigfs(); err != nil {
		return n, err
	}
	if err := os.Mkdir(n.dir, 0o755); err != nil {
		return n, err
	}
	for _, attr := range []struct{ name, value string }{
		{"memory_backed", "1"}, {"size", nullbMiB}, {"blocksize", "512"}, {"power", "1"},
	} {
		if err := n.set(attr.name, attr.value); err != nil {
			return n, err
		}
	}
	return n, n.appears()
}

// set writes an attribute.
func (n *nullb) set(attr, value string) error {
	if err := md.WriteFile(filepath.Join(n.dir, attr), value); err != nil {
		return fmt.Errorf("%s > %s of %s: %w", value, attr, n.name, err)
	}
	return nil
}

// bad makes sectors from first up to end bad ("+") or good again ("-"). One entry of
// the kernel's list holds 512, and in Linux 6.1 more at once come out of order.
func (n *nullb) bad(sign string, first, end int) error {
	const most = 512
	for ; first < end; first += most {
		if err := n.set("badblocks", fmt.Sprintf("%s%d-%d", sign, first, min(first+most, end)-1)); err != nil {
			return err
		}
	}
	return nil
}

// appears waits for the node.
func (n *nullb) appears() error {
	for deadline := time.Now().Add(goneLimit); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(n.node()); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s does not appear", n.node())
}

func (n *nullb) node() string { return "/dev/" + n.name }

// remove takes the disk away for good, with what is on it.
func (n *nullb) remove() error {
	_ = n.set("power", "0") // it may be off
	if err := os.Remove(n.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
