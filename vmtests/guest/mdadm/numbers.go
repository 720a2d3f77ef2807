// SPDX-License-Identifier: BSD-3-Clause

package mdadm

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"mdlife/tools/md"
)

// numbers knows devices by their numbers, through nodes that are there always.
type numbers struct {
	dir     string
	devices []string
}

// ownNodes makes nodes for these numbered devices.
func ownNodes(devices []string) (*numbers, error) {
	dir, err := os.MkdirTemp("/dev", ".reader-")
	if err != nil {
		return nil, err
	}
	n := &numbers{dir: dir, devices: devices}
	for _, name := range devices {
		minor, err := strconv.ParseUint(strings.TrimPrefix(name, "md"), 10, 20)
		if err == nil {
			err = md.Mknod(filepath.Join(dir, name), md.Major, uint32(minor))
		}
		if err != nil {
			n.close()
			return nil, err
		}
	}
	return n, nil
}

// list returns the nodes of the devices that sysfs shows.
func (n *numbers) list() []string {
	var there []string
	for _, name := range n.devices {
		if md.Exists(name) {
			there = append(there, filepath.Join(n.dir, name))
		}
	}
	return there
}

func (n *numbers) close() { os.RemoveAll(n.dir) }
