// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"maps"
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
	mib  string // its size
}

const configfs = "/sys/kernel/config"

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
func (n *nullb) make(more map[string]string) error {
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
	return errors.Join(n.set("power", "1"), n.appears())
}

// dir is its directory in configfs.
func (n *nullb) dir() string { return filepath.Join(configfs, "nullb", n.name) }

// set writes an attribute.
func (n *nullb) set(attr, value string) error {
	if err := md.WriteFile(filepath.Join(n.dir(), attr), value); err != nil {
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
func (n *nullb) appears() error { return appears(n.node()) }

func appears(node string) error {
	for deadline := time.Now().Add(goneLimit); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(node); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s does not appear", node)
}

func (n *nullb) node() string       { return "/dev/" + n.name }
func (n *nullb) kernelName() string { return n.name }

// remove takes the disk away for good, with what is on it.
func (n *nullb) remove() error {
	_ = n.set("power", "0") // it may be off
	if err := os.Remove(n.dir()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
