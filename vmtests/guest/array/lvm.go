// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// lvmProgram are LVM's tools; they are in the image of guests that run these test cases.
const lvmProgram = "/usr/sbin/lvm"

// lvm runs one of LVM's tools, which is told of the array and of nothing else, and not
// to wait for udev's rules, of which the guest has none for volumes.
func (s *Stack) lvm(args ...string) error {
	ctx, cancel := context.WithTimeout(s.ctx, commandLimit)
	defer cancel()
	config := fmt.Sprintf(`devices { filter=["a|^%s$|","r|.*|"] use_devicesfile=0 md_component_detection=0 } `+
		`activation { udev_sync=0 udev_rules=0 monitoring=0 } backup { backup=0 archive=0 }`, s.Dev())
	cmd := exec.CommandContext(ctx, lvmProgram, append(args, "--config", config)...)
	cmd.Env = append(cmd.Environ(), "LVM_SYSTEM_DIR=/tmp/lvm-"+s.Device, "LVM_SUPPRESS_FD_WARNINGS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("lvm %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}

// volumeGroup returns the name of the volume group on the array.
func (s *Stack) volumeGroup() string { return "vg" + s.Device }

// PutVolume makes a volume of half the array, or has LVM find the one that was there before.
func (s *Stack) PutVolume(again bool) (node string, err error) {
	group := s.volumeGroup()
	calls := [][]string{
		{"pvcreate", "--yes", "-ff", s.Dev()}, // an earlier test case may have left one on the disks
		{"vgcreate", "--physicalextentsize", "128k", group, s.Dev()},
		{"lvcreate", "--yes", "--wipesignatures", "n", "--zero", "n", "--extents", "50%VG", "--name", "lv", group},
	}
	if again {
		calls = [][]string{{"vgchange", "--activate", "y", group}}
	}
	for _, args := range calls {
		if err := s.lvm(args...); err != nil {
			return "", err
		}
	}
	node = "/dev/mapper/" + group + "-lv"
	return node, WaitForNode(node)
}

// TakeVolumeOff has LVM report the volume, and let go of the array, whatever it reports.
func (s *Stack) TakeVolumeOff() error {
	reported := s.lvm("lvs", s.volumeGroup()+"/lv")
	off := Retry(func() error { return s.lvm("vgchange", "--activate", "n", s.volumeGroup()) })
	if reported != nil {
		return reported
	}
	return off
}
