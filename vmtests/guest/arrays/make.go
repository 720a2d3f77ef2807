// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// recipe is what mdadm --create is told beside the personality.
type recipe struct {
	metadata string
	bitmap   bool
	clean    bool     // --assume-clean
	readonly bool     // nothing begins before a write, or --readwrite
	missing  bool     // the last member is
	more     []string // arguments
}

// make creates an array, of members that udevd's rules may be looking at still.
func (r *rig) make(ctx context.Context, c recipe) error {
	return unclaimed(func() error { return r.makeAtOnce(ctx, c) })
}

// makeAtOnce tries once.
func (r *rig) makeAtOnce(ctx context.Context, c recipe) error {
	l := r.level
	args := []string{"--create", r.newDev(), "--run", "--force", "--config=" + r.conf, "--auto=md",
		"--metadata=" + c.metadata, "--level=" + l.level, fmt.Sprintf("--raid-devices=%d", l.members)}
	if l.layout != "" {
		args = append(args, "--layout="+l.layout)
	}
	if l.chunk {
		args = append(args, fmt.Sprintf("--chunk=%d", chunkKiB))
	}
	if l.redundant() {
		args = append(args, fmt.Sprintf("--size=%d", memberKiB))
	}
	switch {
	case c.bitmap:
		args = append(args, "--bitmap=internal")
	case l.redundant():
		args = append(args, "--bitmap=none")
	}
	if c.clean {
		args = append(args, "--assume-clean")
	}
	if c.readonly {
		args = append(args, "--readonly")
	}
	args = append(args, c.more...)
	members := slices.Clone(r.members[:l.members])
	if c.missing {
		members[l.members-1] = "missing"
	}
	if err := r.mdadm(ctx, append(args, members...)...); err != nil {
		return err
	}
	if !md.Exists(r.kernelName()) {
		return fmt.Errorf("mdadm --create succeeded, but there is no %s; there are %v", r.kernelName(), md.Devices())
	}
	return nil
}

// assemble brings an array back.
func (r *rig) assemble(ctx context.Context, members []string, more ...string) error {
	args := append([]string{"--assemble", r.newDev(), "--run", "--config=" + r.conf, "--auto=md"}, more...)
	return r.mdadm(ctx, append(args, members...)...)
}

// whole fails if a member is missing that the array could lose.
func (r *rig) whole() error {
	if degraded, err := md.ReadAttr(r.kernelName(), "md/degraded"); r.level.redundant() && (err != nil || degraded != "0") {
		return fmt.Errorf("md/degraded is %q (%v)", degraded, err)
	}
	return nil
}

// Ways to stop an array.
var stopWays = []string{"mdadm", "ioctl", "sysfs"}

// halt stops the array, and sees it go.
func (r *rig) halt(ctx context.Context, way string) error {
	name := r.kernelName()
	r.stops++
	if err := r.stop(ctx, way); err != nil {
		return err
	}
	if md.WaitGone(name, peace) {
		return nil
	}
	// The opener may have come just when there was nothing any more, and have made one
	// in peace, which stays until an ioctl (R3). Now and then: more often is coming back
	// (R23).
	state, err := md.ReadAttr(name, "md/array_state")
	if err == nil && state != md.StateClear {
		return fmt.Errorf("stopped by %s, but %s is %s", way, name, state)
	}
	if r.back++; r.back > 1+r.stops/backInPeace {
		return fmt.Errorf("%s has come back to stay after %d of %d stops", name, r.back, r.stops)
	}
	return md.Remove(name, 2*peace)
}

// stop stops the array: on the descriptor that is held, whatever the way, if there is
// one. The opener has the array open now and then; mdadm tries again by itself.
func (r *rig) stop(ctx context.Context, way string) error {
	if r.held != nil {
		f := r.held
		r.held = nil
		err := patiently(func() error { return md.StopArray(int(f.Fd())) })
		return errors.Join(err, f.Close())
	}
	if way == "mdadm" {
		return r.mdadm(ctx, "--stop", r.dev())
	}
	var err error
	for deadline := time.Now().Add(goneLimit); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if way == "ioctl" {
			err = stopByIoctl(r.dev())
		} else {
			err = md.SetArrayState(r.kernelName(), md.StateClear)
		}
		if !errors.Is(err, unix.EBUSY) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("stop by %s: %w", way, err)
	}
	return nil
}

// stopByIoctl opens a device, stops the array, and closes it.
func stopByIoctl(node string) error {
	fd, err := md.Open(node, unix.O_RDWR)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer unix.Close(fd)
	return md.StopArray(fd)
}
