// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// lvmProgram are LVM's tools; they are in the image of guests that run cells.
const lvmProgram = "/usr/sbin/lvm"

// lvm runs one of LVM's tools, which is told of the array and of nothing else, and not
// to wait for udev's rules, of which the guest has none for volumes.
func (t *tower) lvm(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	config := fmt.Sprintf(`devices { filter=["a|^%s$|","r|.*|"] use_devicesfile=0 md_component_detection=0 } `+
		`activation { udev_sync=0 udev_rules=0 monitoring=0 } backup { backup=0 archive=0 }`, t.dev())
	cmd := exec.CommandContext(ctx, lvmProgram, append(args, "--config", config)...)
	cmd.Env = append(cmd.Environ(), "LVM_SYSTEM_DIR=/tmp/lvm-"+t.name, "LVM_SUPPRESS_FD_WARNINGS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("lvm %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}

// group names the volume group on the array.
func (t *tower) group() string { return "vg" + t.name }

// putVolume makes a volume of half the array, or has LVM find the one that is there.
func putVolume(ctx context.Context, t *tower, p *pattern) (string, error) {
	steps := [][]string{{"vgchange", "--activate", "y", t.group()}}
	if p.generation == 0 {
		steps = [][]string{
			{"pvcreate", "--yes", "-ff", t.dev()}, // an earlier cell may have left one on the disks
			{"vgcreate", "--physicalextentsize", "128k", t.group(), t.dev()},
			{"lvcreate", "--yes", "--wipesignatures", "n", "--zero", "n", "--extents", "50%VG", "--name", "lv", t.group()},
		}
	}
	for _, args := range steps {
		if err := t.lvm(ctx, args...); err != nil {
			return "", err
		}
	}
	node := "/dev/mapper/" + t.group() + "-lv"
	return node, appears(node)
}

// takeVolumeOff has LVM report the volume, and let go of the array.
func takeVolumeOff(ctx context.Context, t *tower) error {
	return errors.Join(
		t.lvm(ctx, "lvs", t.group()+"/lv"),
		patiently(func() error { return t.lvm(ctx, "vgchange", "--activate", "n", t.group()) }),
	)
}
